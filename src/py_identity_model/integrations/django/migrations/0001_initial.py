"""The tables of identities, records and locks."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="LockRow",
            fields=[
                ("name", models.CharField(max_length=255, primary_key=True, serialize=False)),
                ("holder", models.CharField(max_length=64)),
                ("until", models.FloatField()),
            ],
        ),
        migrations.CreateModel(
            name="SessionRow",
            fields=[
                ("name", models.CharField(max_length=255, primary_key=True, serialize=False)),
                ("version", models.BigIntegerField()),
                ("record", models.TextField()),
                ("sub", models.CharField(db_index=True, max_length=64, null=True)),
                ("sid", models.CharField(db_index=True, max_length=64, null=True)),
                ("until", models.FloatField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="Identity",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(editable=False, max_length=64, unique=True)),
                ("issuer", models.TextField()),
                ("subject", models.TextField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="oidc_identities",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
    ]
