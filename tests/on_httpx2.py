"""Runs tests on httpx2: `pytest -p tests.on_httpx2`.

What asks for httpx gets httpx2, our own clients and the tests included: the two have the same
words, and whatever our code takes for granted of one must hold for the other.
"""

import sys

import httpcore2
import httpx2

sys.modules |= {"httpx": httpx2, "httpcore": httpcore2}
