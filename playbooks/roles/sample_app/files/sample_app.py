#!/usr/bin/python3
"""The sample application: counts visits in PostgreSQL and says which machine answered.

GET /         the project, the machine and the number of visits; as JSON when the client asks for it
GET /healthz  how the application and its database are; 503 while the database cannot be reached
"""

import html
import json
import logging
import socket
import sys
import threading
from pathlib import Path

import psycopg2
import waitress

# One row holds the count. Two application machines may come first at once: the lock lets one of them create it.
SCHEMA = """
SELECT pg_advisory_xact_lock(4722);
CREATE TABLE IF NOT EXISTS visit_counter (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    visits bigint NOT NULL
);
"""
COUNT = """
INSERT INTO visit_counter (visits) VALUES (1)
ON CONFLICT (only_row) DO UPDATE SET visits = visit_counter.visits + 1
RETURNING visits
"""
HEALTH = "SELECT pg_is_in_recovery(), current_setting('server_version')"

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{project}</title>
<style>
  body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 15vh auto; padding: 0 1rem; }}
  strong {{ font-size: 3rem; display: block; }}
</style>
<h1>{project}</h1>
<p>{greeting}</p>
<p><strong>{visits}</strong> visits so far. This one was answered by <code>{machine}</code>.</p>
</html>
"""


class Database:
    """One connection a thread, opened when needed and opened again when the server has gone away."""

    def __init__(self, *, host, name, user):
        self._target = {"host": host, "dbname": name, "user": user, "passfile": "/etc/hcmp/app/pgpass"}
        self._local = threading.local()

    def row(self, statement):
        try:
            return self._run(statement)
        except psycopg2.errors.UndefinedTable:
            self._run(SCHEMA)
            return self._run(statement)
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            self._local.connection = None
            return self._run(statement)

    def _run(self, statement):
        connection = self._connection()
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone() if cursor.description else None

    def _connection(self):
        if getattr(self._local, "connection", None) is None:
            self._local.connection = psycopg2.connect(connect_timeout=3, **self._target)
        return self._local.connection


class Application:
    """The WSGI application."""

    def __init__(self, settings, database):
        self._settings = settings
        self._database = database
        self._host = socket.gethostname()

    def __call__(self, environ, start_response):
        try:
            status, kind, body = self._answer(environ)
        except psycopg2.Error as error:
            logging.warning("the database does not answer: %s", error)
            problem = self._identity() | {"database": "unreachable"}
            status, kind, body = "503 Service Unavailable", "application/json", json.dumps(problem)
        content = body.encode()
        start_response(status, [("Content-Type", f"{kind}; charset=utf-8"), ("Content-Length", str(len(content)))])
        return [content]

    def _answer(self, environ):
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return "405 Method Not Allowed", "text/plain", "Only GET.\n"
        match environ["PATH_INFO"]:
            case "/healthz":
                return "200 OK", "application/json", json.dumps(self._health())
            case "/":
                return self._visit(as_json="application/json" in environ.get("HTTP_ACCEPT", ""))
            case _:
                return "404 Not Found", "text/plain", "There is no such page.\n"

    def _health(self):
        in_recovery, version = self._database.row(HEALTH)
        return self._identity() | {"database": "reachable", "in_recovery": in_recovery, "postgresql": version}

    def _identity(self):
        return {
            "machine": self._settings["machine"],
            "host": self._host,
            "release": self._settings["release"],
        }

    def _visit(self, *, as_json):
        (visits,) = self._database.row(COUNT)
        facts = {
            "project": self._settings["project"],
            "greeting": self._settings["greeting"],
            "machine": self._settings["machine"],
            "host": self._host,
            "visits": visits,
        }
        if as_json:
            return "200 OK", "application/json", json.dumps(facts)
        escaped = {name: html.escape(str(value)) for name, value in facts.items()}
        return "200 OK", "text/html", PAGE.format(**escaped)


def main():
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    settings = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    application = Application(settings, Database(**settings["database"]))
    waitress.serve(application, host=settings["listen"], port=settings["port"], threads=8, ident=None)


if __name__ == "__main__":
    main()
