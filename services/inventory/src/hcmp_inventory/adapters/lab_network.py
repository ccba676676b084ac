"""The network of one installation's lab: a bridge with a subnet that nobody else on this computer uses."""

from ipaddress import IPv4Network, ip_network

from docker import DockerClient
from docker.errors import APIError
from docker.models.networks import Network
from docker.types import IPAMConfig, IPAMPool

from hcmp_inventory.adapters.lab_endpoints import NoRoom, candidate_subnets


def ensure_network(client: DockerClient, installation: str, *, labels: dict[str, str]) -> Network:
    """The installation's network, made when it is not there."""
    name = f"hcmp-{installation}"
    networks = client.networks.list()
    for network in networks:
        if network.name == name:
            return network
    taken = [subnet for network in networks for subnet in _subnets(network)]
    for subnet in candidate_subnets(installation, taken):
        ipam = IPAMConfig(pool_configs=[IPAMPool(subnet=str(subnet))])
        try:
            return client.networks.create(name, driver="bridge", labels=labels, ipam=ipam, check_duplicate=True)
        except APIError as error:
            if "overlaps" not in str(error):  # with a route of this computer that is no docker network
                raise
    raise NoRoom("no free subnet for the lab's network")


def subnet_of(network: Network) -> IPv4Network:
    return _subnets(network)[0]


def _subnets(network: Network) -> list[IPv4Network]:
    pools = (network.attrs.get("IPAM") or {}).get("Config") or []
    subnets = (ip_network(pool["Subnet"]) for pool in pools if pool.get("Subnet"))
    return [subnet for subnet in subnets if isinstance(subnet, IPv4Network)]
