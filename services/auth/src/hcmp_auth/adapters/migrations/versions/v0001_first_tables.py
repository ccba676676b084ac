"""Credentials, sessions, refresh tokens, tickets and attempts."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE auth.credentials (
            id uuid PRIMARY KEY,
            account_id uuid NOT NULL,
            password_hash text NOT NULL,
            idempotency_key text
        );
        CREATE TABLE auth.sessions (
            id uuid PRIMARY KEY,
            account_id uuid NOT NULL,
            account_version bigint NOT NULL,
            started_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL
        );
        CREATE INDEX ON auth.sessions (account_id);
        CREATE INDEX ON auth.sessions (expires_at);
        CREATE TABLE auth.refresh_tokens (
            hash bytea PRIMARY KEY,
            session_id uuid NOT NULL REFERENCES auth.sessions ON DELETE CASCADE,
            expires_at timestamptz NOT NULL,
            used_at timestamptz
        );
        CREATE INDEX ON auth.refresh_tokens (session_id);
        CREATE INDEX ON auth.refresh_tokens (expires_at);
        CREATE TABLE auth.tickets (
            hash bytea PRIMARY KEY,
            account_id uuid NOT NULL,
            username text NOT NULL,
            role text NOT NULL,
            session_id uuid NOT NULL,
            session_issued_at timestamptz NOT NULL,
            session_expires_at timestamptz NOT NULL,
            target text,
            expires_at timestamptz NOT NULL
        );
        CREATE INDEX ON auth.tickets (expires_at);
        CREATE TABLE auth.attempts (
            key text PRIMARY KEY,
            count integer NOT NULL,
            window_ends_at timestamptz NOT NULL
        );
        CREATE INDEX ON auth.attempts (window_ends_at);
    """)
