"""The Django adapter, on a project in memory; Django has one configuration in each process."""
