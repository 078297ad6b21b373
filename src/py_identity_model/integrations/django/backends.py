"""Users, by what the provider says of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AbstractBaseUser, Group
from django.db import transaction
from django.http import HttpRequest

from ...sync.session import Session
from .conf import option
from .models import Identity


class OIDCBackend(ModelBackend):
    """Finds or creates the user of a login, by issuer and subject.

    Nobody becomes an existing user by a name or an address: providers let people choose these.
    Nobody becomes staff or superuser either, unless ``UPDATE_USER`` says so.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        oidc_session: Session | None = None,
        **others: Any,
    ) -> AbstractBaseUser | None:
        """Return the user of a login; None for those who are unknown, or not active."""
        if oidc_session is None:
            return None
        claims = {**oidc_session.claims, **(oidc_session.userinfo or {})}
        issuer, subject = str(oidc_session.claims["iss"]), oidc_session.subject
        key = _key(issuer, subject)
        with transaction.atomic():
            identity = Identity.objects.select_related("user").filter(key=key).first()
            if identity is None and not option("CREATE_USERS", True):
                return None
            user: Any = self._new_user(key) if identity is None else identity.user
            self.update_user(user, claims)
            user.save()
            if identity is None:
                Identity.objects.create(user=user, key=key, issuer=issuer, subject=subject)
            self.update_groups(user, claims)
        return user if self.user_can_authenticate(user) else None

    def update_user(self, user: Any, claims: Mapping[str, Any]) -> None:
        """Set a user's fields by their claims, at each login."""
        verified = claims.get("email") if claims.get("email_verified") is True else None
        named = {
            "first_name": claims.get("given_name"),
            "last_name": claims.get("family_name"),
            "email": verified,
        }
        for name, value in named.items():
            if isinstance(value, str) and hasattr(user, name):
                setattr(user, name, value[:150])
        update = option("UPDATE_USER")
        if update is not None:
            update(user, claims)

    def update_groups(self, user: Any, claims: Mapping[str, Any]) -> None:
        """Set a user's groups, where the setting names their claim: those that exist here."""
        claim = option("GROUPS_CLAIM")
        if claim is None:
            return
        said = claims.get(claim)
        names = [one for one in said if isinstance(one, str)] if isinstance(said, list) else []
        user.groups.set(Group.objects.filter(name__in=names))

    def _new_user(self, key: str) -> Any:
        model: Any = get_user_model()
        user = model(**{model.USERNAME_FIELD: f"oidc-{key[:32]}"})
        user.set_unusable_password()
        return user


def _key(issuer: str, subject: str) -> str:
    return hashlib.sha256(json.dumps([issuer, subject]).encode()).hexdigest()
