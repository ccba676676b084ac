"""Where a request comes from, as far as counting attempts is concerned."""

from ipaddress import IPv6Address, IPv6Network, ip_address

from fastapi import Request


def client_address(request: Request) -> str:
    """The client's address. Of IPv6 the first 64 bits: whoever has one such address has them all."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return "unknown"
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address.packed, 64), strict=False).network_address)
