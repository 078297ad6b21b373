"""Logins and APIs on the web, as far as nothing waits: requests, answers, cookies, targets."""
