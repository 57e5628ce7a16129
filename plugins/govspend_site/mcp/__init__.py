"""Asking by MCP, the protocol by which an assistant asks a service: see plugins/mcp_server.py."""
