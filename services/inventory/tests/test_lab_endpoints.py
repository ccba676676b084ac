"""Where lab machines are reached: chosen once, stable, and never twice."""

import socket
from ipaddress import IPv4Network
from itertools import islice

import pytest

from hcmp_inventory.adapters.lab_endpoints import Endpoint, NoRoom, candidate_subnets, choose_endpoint

SUBNET = IPv4Network("10.213.7.0/24")


def test_the_address_follows_from_the_machines_number() -> None:
    assert choose_endpoint("abc", "lab-01", subnet=SUBNET, taken=[]).address == "10.213.7.11"
    assert choose_endpoint("abc", "lab-06", subnet=SUBNET, taken=[]).address == "10.213.7.16"


def test_a_lost_machine_comes_back_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hcmp_inventory.adapters.lab_endpoints._are_free", lambda port: port > 0)
    once = choose_endpoint("abc", "lab-03", subnet=SUBNET, taken=[])
    others = [choose_endpoint("abc", f"lab-{n:02}", subnet=SUBNET, taken=[]) for n in (1, 2, 4)]
    assert choose_endpoint("abc", "lab-03", subnet=SUBNET, taken=others) == once


def test_no_two_machines_share_an_address_or_a_port() -> None:
    taken: list[Endpoint] = []
    for number in range(60):
        taken.append(choose_endpoint("abc", f"lab-{number % 7}", subnet=SUBNET, taken=taken))
    ports = [port for endpoint in taken for port in (endpoint.ssh_port, endpoint.exporter_port)]
    assert len({endpoint.address for endpoint in taken}) == 60
    assert len(set(ports)) == 120


def test_a_port_that_somebody_listens_on_is_passed_over() -> None:
    first = choose_endpoint("abc", "lab-01", subnet=SUBNET, taken=[])
    with socket.create_server(("127.0.0.1", first.exporter_port)):
        second = choose_endpoint("abc", "lab-01", subnet=SUBNET, taken=[])
    assert second.ssh_port not in {first.ssh_port, first.exporter_port}


def test_a_full_subnet_is_said_to_be_full() -> None:
    small = IPv4Network("10.213.7.0/28")
    taken = [Endpoint(address=str(host), ssh_port=1, exporter_port=2) for host in small.hosts()]
    with pytest.raises(NoRoom):
        choose_endpoint("abc", "lab-01", subnet=small, taken=taken)


def test_the_labels_carry_the_endpoint() -> None:
    endpoint = Endpoint(address="10.213.7.11", ssh_port=20_000, exporter_port=20_001)
    assert Endpoint.from_labels(endpoint.labels()) == endpoint


def test_subnets_in_use_are_left_out() -> None:
    first = next(candidate_subnets("abc", []))
    assert next(candidate_subnets("abc", [first])) != first
    assert list(candidate_subnets("abc", [IPv4Network("10.0.0.0/8")])) == []
    assert len(set(islice(candidate_subnets("abc", []), 300))) == 256
