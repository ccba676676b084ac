"""Projects as they are asked for in tests of what happens to their machines."""

from hcmp_contracts.project import ProjectRequested, RoleCount


def requested(count: int, owner: str = "mina", *, username: str | None = None) -> ProjectRequested:
    """A project that needs `count` machines of one role. `owner` is an account's id, and the name too if none is
    said.
    """
    return ProjectRequested(
        name="shop",
        owner_id=owner,
        owner_username=username or owner,
        template="single",
        packages=[],
        roles=[RoleCount(name="web", count=count)],
        steps=[],
    )
