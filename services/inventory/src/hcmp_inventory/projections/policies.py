"""The policies of the pool, and how many machines each has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from hcmp_contracts.cause import Cause
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.pool_policy import (
    PoolPolicyCreationFailed,
    PoolPolicyRecovered,
    PoolPolicyRemoved,
    PoolPolicySet,
)
from hcmp_contracts.vm import ProviderName
from hcmp_eventstore.projection import Cursor, OneByOne
from hcmp_eventstore.projector import Pool
from hcmp_eventstore.recorded import Recorded
from hcmp_inventory.domain.placing import Wanted
from hcmp_inventory.domain.pool_policy import Standing
from hcmp_inventory.projections.pool_queries import StoredCause


class PoliciesProjection(OneByOne):
    subjects: Sequence[str] = ("hcmp.pool-policy.*.*",)
    tables: LiteralString = """
        CREATE TABLE IF NOT EXISTS pool_policy (
            policy_id text PRIMARY KEY,
            name text NOT NULL UNIQUE,
            provider text NOT NULL,
            minimum_ready integer NOT NULL,
            maximum integer NOT NULL,
            labels jsonb NOT NULL,
            failures integer NOT NULL DEFAULT 0,
            last_failure text,
            causes jsonb NOT NULL DEFAULT '[]',
            retry_at timestamptz,
            version bigint NOT NULL
        );
    """

    async def apply_one(self, cursor: Cursor, recorded: Recorded[DomainEvent]) -> None:
        policy_id, version = recorded.aggregate_id, recorded.sequence
        match recorded.event:
            case PoolPolicySet() as event:
                await cursor.execute("DELETE FROM pool_policy WHERE policy_id = %s", [policy_id])
                await cursor.execute(
                    "INSERT INTO pool_policy (policy_id, name, provider, minimum_ready, maximum, labels, version)"
                    " VALUES (%s, %s, %s, %s, %s, %s, %s)",
                    [
                        policy_id,
                        event.name,
                        event.provider,
                        event.minimum_ready,
                        event.maximum,
                        Jsonb(event.labels),
                        version,
                    ],
                )
            case PoolPolicyRemoved():
                await cursor.execute("DELETE FROM pool_policy WHERE policy_id = %s", [policy_id])
            case PoolPolicyCreationFailed() as event:
                await cursor.execute(
                    "UPDATE pool_policy SET failures = %s, last_failure = %s, causes = %s, retry_at = %s,"
                    " version = %s WHERE policy_id = %s",
                    [event.failures, event.reason, _written(event.causes), event.retry_at, version, policy_id],
                )
            case PoolPolicyRecovered():
                await cursor.execute(
                    "UPDATE pool_policy SET failures = 0, last_failure = NULL, causes = '[]', retry_at = NULL,"
                    " version = %s WHERE policy_id = %s",
                    [version, policy_id],
                )
            case _:
                pass


def _written(causes: Sequence[Cause]) -> Jsonb:
    return Jsonb([cause.model_dump() for cause in causes])


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy and its machines: `ready` for anybody, `coming` back from a recycle, in `total`. `causes` are those
    of `last_failure`, as stored.
    """

    policy_id: str
    name: str
    provider: ProviderName
    minimum_ready: int
    maximum: int
    labels: dict[str, str]
    failures: int
    last_failure: str | None
    causes: list[StoredCause]
    retry_at: datetime | None
    version: int
    ready: int
    coming: int
    total: int

    @property
    def rule(self) -> PoolPolicySet:
        return PoolPolicySet(
            name=self.name,
            provider=self.provider,
            minimum_ready=self.minimum_ready,
            maximum=self.maximum,
            labels=self.labels,
        )

    def standing(self, awaited: int) -> Standing:
        return Standing(self.ready, self.coming, self.total, awaited)

    def serves(self, wanted: Wanted) -> bool:
        """Whether the machines that this policy has made suit."""
        return wanted.labels.items() <= self.labels.items()


async def policies(pool: Pool, name: str | None = None) -> list[Policy]:
    """All of them by name, or the one of this name."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(Policy)) as cursor:
        await cursor.execute(
            """
            SELECT policy.*,
                count(*) FILTER (WHERE status = 'available') AS ready,
                count(*) FILTER (WHERE status = 'recycling') AS coming,
                count(vm_id) AS total
            FROM pool_policy AS policy LEFT JOIN vm
                ON vm.provider = policy.provider AND vm.labels @> policy.labels AND vm.status <> 'retired'
            WHERE policy.name = %(name)s OR %(name)s::text IS NULL
            GROUP BY policy.policy_id ORDER BY policy.name
            """,
            {"name": name},
        )
        return await cursor.fetchall()


async def free_machines(pool: Pool, policy: Policy, limit: int) -> list[str]:
    """Ids of machines of this policy that nobody has, the newest first."""
    async with pool.connection() as connection:
        found = await connection.execute(
            "SELECT vm_id FROM vm WHERE status = 'available' AND provider = %s AND labels @> %s"
            " ORDER BY registered_at DESC, name DESC LIMIT %s",
            [policy.provider, Jsonb(policy.labels), limit],
        )
        return [row["vm_id"] for row in await found.fetchall()]
