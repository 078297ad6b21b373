"""Users, by what the provider says of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AbstractBaseUser, Group
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from ..._logging import logger
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
        for _ in range(2):  # another tab of a new user may be faster by a moment
            try:
                user = self._user_of(oidc_session)
            except IntegrityError as error:
                kind = type(error.__cause__ or error).__name__
                logger.warning("a user cannot be stored beside those who are there: %s", kind)
            else:
                return user if user and self.user_can_authenticate(user) else None
        return None

    @transaction.atomic
    def _user_of(self, session: Session) -> Any:
        claims = {**session.claims, **(session.userinfo or {})}
        named = {"issuer": str(session.claims["iss"]), "subject": session.subject}
        key = hashlib.sha256(json.dumps([*named.values()]).encode()).hexdigest()
        identity = Identity.objects.select_related("user").filter(key=key).first()
        user = self.find_user(claims) if identity is None else identity.user
        if user is None:
            if not option("CREATE_USERS", True):
                return None
            user = self._new_user(key)
        self.update_user(user, claims)
        user.save()
        if identity is None:
            Identity.objects.create(user=user, key=key, **named)
        self.update_groups(user, claims)
        return user

    def find_user(self, claims: Mapping[str, Any]) -> Any:
        """Return whom an identity that logs in for the first time belongs to; None if to nobody."""
        return None if (find := option("FIND_USER")) is None else find(claims)

    def update_user(self, user: Any, claims: Mapping[str, Any]) -> None:
        """Set a user's fields by their claims, at each login."""
        verified = claims.get("email") if claims.get("email_verified") is True else None
        names = {"first_name": claims.get("given_name"), "last_name": claims.get("family_name")}
        fields = {one.name: one for one in user._meta.concrete_fields}
        for name, value in {**names, "email": verified}.items():
            if isinstance(value, str) and name in fields:
                setattr(user, name, value[: fields[name].max_length])
        if (update := option("UPDATE_USER")) is not None:
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
