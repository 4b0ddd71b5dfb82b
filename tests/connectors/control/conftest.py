"""Where the control store of a test lies: a SQLite file, and Postgres too where `OUTLAY_TEST_POSTGRES` names one.

Such as `postgresql+psycopg://user@localhost/database`; each test gets a schema of its own in it.
"""

import os
import uuid

import pytest
import sqlalchemy as sa

POSTGRES = os.environ.get("OUTLAY_TEST_POSTGRES")


@pytest.fixture(params=["sqlite", *(["postgres"] if POSTGRES else [])])
def url(request, tmp_path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/control/outlay.db"
        return
    schema = f"test_{uuid.uuid4().hex}"
    engine = sa.create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.schema.CreateSchema(schema))
    yield f"{POSTGRES}?options=-csearch_path%3D{schema}"
    with engine.connect() as connection:
        connection.execute(sa.schema.DropSchema(schema, cascade=True))
    engine.dispose()
