"""Who logged in, and the records of logins."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models


class Identity(models.Model):
    """A user as a provider names them: by issuer and subject, never by a name or an address.

    ``key`` is the hash of both: some databases take ``alice`` and ``Alice`` for the same.
    """

    user: models.ForeignKey[Any, Any] = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="oidc_identities"
    )
    key: models.CharField[str, str] = models.CharField(max_length=64, unique=True, editable=False)
    issuer: models.TextField[str, str] = models.TextField()
    subject: models.TextField[str, str] = models.TextField()

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"


class SessionRow(models.Model):
    """The record of a login, sealed; users and provider sessions are hashed."""

    name: models.CharField[str, str] = models.CharField(max_length=255, primary_key=True)
    version: models.BigIntegerField[int, int] = models.BigIntegerField()
    record: models.TextField[str, str] = models.TextField()
    sub: models.CharField[str | None, str | None] = models.CharField(
        max_length=64, null=True, db_index=True
    )
    sid: models.CharField[str | None, str | None] = models.CharField(
        max_length=64, null=True, db_index=True
    )
    until: models.FloatField[float, float] = models.FloatField(db_index=True)

    def __str__(self) -> str:
        return f"session, version {self.version}"


class LockRow(models.Model):
    """Who renews a login, until when."""

    name: models.CharField[str, str] = models.CharField(max_length=255, primary_key=True)
    holder: models.CharField[str, str] = models.CharField(max_length=64)
    until: models.FloatField[float, float] = models.FloatField()

    def __str__(self) -> str:
        return f"lock until {self.until}"
