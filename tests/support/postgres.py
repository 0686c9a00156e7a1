"""A PostgreSQL server of Debian's package `postgresql`, for the tests that need one.

Import the fixture ``postgres`` into a test module to use it.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url


def _programs():
    """The folder with initdb and pg_ctl; Debian keeps one for each version, and none of them on the PATH."""
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


def _run(*command):
    """As an unprivileged user: PostgreSQL refuses to be root's."""
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, timeout=120, **user)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def postgres_server():
    """The address of a server that listens on a socket of its own, and on no network."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path may have no more than 107 characters
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    programs, data = _programs(), folder / "data"
    try:
        _run(programs / "initdb", "--pgdata", data, "--auth=peer", "--encoding=UTF8", "--locale=C", "--no-sync")
        if os.geteuid() == 0:  # the tests connect as root
            (data / "pg_hba.conf").write_text("local all all trust\n")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder}"
        _run(programs / "pg_ctl", "--pgdata", data, "--log", folder / "log", "--wait", "--options", options, "start")
        try:
            yield f"postgresql+psycopg2://{user}@/postgres?host={folder}"
        finally:
            _run(programs / "pg_ctl", "--pgdata", data, "--mode=immediate", "--wait", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def postgres(postgres_server, request):
    """The address (db_url) of an empty database; gone after the test."""
    name = f"course_{abs(hash(request.node.nodeid)):x}"
    server = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        yield make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()
