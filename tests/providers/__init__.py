"""Providers against the emulator, over sockets."""
