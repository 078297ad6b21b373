"""Sessions and stored tokens: their records, names and lineages."""
