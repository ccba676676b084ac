"""Every route names its permission in its signature or stands on the short public list."""

import importlib
import inspect
from dataclasses import dataclass

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, _EffectiveRouteContext, _IncludedRouter

from hcmp_webkit.identity import signed_in

SERVICES = ("auth", "inventory", "monitor", "provisioner", "terminal")

# Who calls these cannot have an access token yet (a machine that is being prepared), or brings something else: a
# password, a cookie, the token of Prometheus; or asks only whether the process lives.
PUBLIC = {
    ("auth", "POST", "/api/login"),
    ("auth", "POST", "/api/register"),
    ("auth", "POST", "/api/token/refresh"),
    ("auth", "POST", "/api/token/revoke"),
    ("auth", "GET", "/.well-known/jwks.json"),
    ("auth", "GET", "/.well-known/ssh-authorities"),
    ("inventory", "GET", "/api/prometheus-sd"),
    ("monitor", "GET", "/asyncapi.json"),
} | {(service, "GET", path) for service in SERVICES for path in ("/healthz", "/readyz", "/metrics")}


def app_of(service: str) -> FastAPI:
    app = importlib.import_module(f"hcmp_{service}.openapi").app()
    assert isinstance(app, FastAPI)
    return app


@dataclass(frozen=True)
class Operation:
    """One method of one path, and the tree of what its signature asks for."""

    method: str
    path: str
    dependant: Dependant | None


def operations(app: FastAPI) -> list[Operation]:
    """Every HTTP operation of an application, those of included routers too."""
    found = [
        Operation(method, route.path, route.dependant)
        for top in app.routes
        for route in (top.effective_route_contexts() if isinstance(top, _IncludedRouter) else [top])
        if isinstance(route, APIRoute | _EffectiveRouteContext)
        for method in route.methods or ()
    ]
    assert found, "the audit found no route at all: it looks in the wrong place"
    return found


def asks_who_calls(dependant: Dependant | None) -> bool:
    return dependant is not None and (
        dependant.call is signed_in or any(asks_who_calls(inner) for inner in dependant.dependencies)
    )


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_asks_who_calls_or_is_public_on_purpose(service: str) -> None:
    open_routes = {
        (service, operation.method, operation.path)
        for operation in operations(app_of(service))
        if not asks_who_calls(operation.dependant)
    }
    assert open_routes - PUBLIC == set()


@pytest.mark.parametrize("service", SERVICES)
def test_no_route_that_only_asks_has_what_an_event_needs(service: str) -> None:
    """Whoever appends says who did it (`context(caller, request)`): a GET, which any link can send, never does."""
    asking = [found for found in operations(app_of(service)) if found.method == "GET"]
    changing = [found for found in operations(app_of(service)) if found.method != "GET"]
    assert [found.path for found in asking if _speaks_of_context(found)] == []
    assert service in ("monitor", "terminal") or any(_speaks_of_context(found) for found in changing)


def _speaks_of_context(operation: Operation) -> bool:
    endpoint = operation.dependant.call if operation.dependant else None
    return endpoint is not None and "context(" in inspect.getsource(endpoint).lower()


def test_the_public_list_names_only_routes_that_exist() -> None:
    existing = {
        (service, operation.method, operation.path)
        for service in SERVICES
        for operation in operations(app_of(service))
    }
    assert PUBLIC - existing == set()


@pytest.mark.parametrize("service", SERVICES)
def test_the_document_says_which_routes_want_a_token_and_how_each_refuses(service: str) -> None:
    app = app_of(service)
    wanting = {(found.method, found.path) for found in operations(app) if asks_who_calls(found.dependant)}
    document = app.openapi()
    told = {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert {at for at, operation in told.items() if {"bearer": []} in operation.get("security", [])} == wanting
    for operation in told.values():
        for status in ("4XX", "5XX"):
            [(media_type, content)] = operation["responses"][status]["content"].items()
            assert media_type == "application/problem+json"
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert "HTTPValidationError" not in document["components"]["schemas"]
