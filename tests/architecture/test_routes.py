"""Every route names its permission in its signature or stands on the short public list."""

import importlib
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from hcmp_webkit.identity import signed_in

SERVICES = ("auth", "inventory", "monitor", "provisioner", "terminal")

# Who calls these cannot have an access token yet, or brings something else: a password, a cookie, the token of
# Prometheus; or asks only whether the process lives.
PUBLIC = {
    ("auth", "POST", "/api/login"),
    ("auth", "POST", "/api/register"),
    ("auth", "POST", "/api/token/refresh"),
    ("auth", "POST", "/api/token/revoke"),
    ("auth", "GET", "/.well-known/jwks.json"),
    ("inventory", "GET", "/api/prometheus-sd"),
} | {(service, "GET", path) for service in SERVICES for path in ("/healthz", "/readyz", "/metrics")}


def app_of(service: str) -> FastAPI:
    app = importlib.import_module(f"hcmp_{service}.openapi").app()
    assert isinstance(app, FastAPI)
    return app


def routes(app: FastAPI) -> Iterator[APIRoute]:
    return (route for route in app.routes if isinstance(route, APIRoute))


def asks_who_calls(dependant: Dependant) -> bool:
    return dependant.call is signed_in or any(asks_who_calls(inner) for inner in dependant.dependencies)


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_asks_who_calls_or_is_public_on_purpose(service: str) -> None:
    open_routes = {
        (service, method, route.path)
        for route in routes(app_of(service))
        for method in route.methods or ()
        if not asks_who_calls(route.dependant)
    }
    assert open_routes - PUBLIC == set()


def test_the_public_list_names_only_routes_that_exist() -> None:
    existing = {
        (service, method, route.path)
        for service in SERVICES
        for route in routes(app_of(service))
        for method in route.methods or ()
    }
    assert PUBLIC - existing == set()
