"""Quieten a listening socket before it is closed, where the kernel can do that.

Closing a listening socket resets every connection that waits in it, and one may come between the
last accept() and close(). Linux can be told to leave new connections unanswered: the kernel of the
caller asks again after a second, and finds the next server, or learns then that there is none.
"""

import socket
import struct
import sys

# The TCP flags stand in byte 13 of the segment, which begins where a filter of a TCP socket looks.
# Source: socket(7), bpf.h, tcp_v4_rcv() in the Linux kernel.
_SO_ATTACH_FILTER = 26
_LOAD_BYTE, _JUMP_IF_ANY_BIT, _RETURN = 0x30, 0x45, 0x06
_FLAGS, _SYN = 13, 0x02
_DROP, _TAKE = 0, 0xFFFFFFFF
_DROP_SYN = (
    (_LOAD_BYTE, 0, 0, _FLAGS),
    (_JUMP_IF_ANY_BIT, 0, 1, _SYN),
    (_RETURN, 0, 0, _DROP),
    (_RETURN, 0, 0, _TAKE),
)


def leave_new_connections_unanswered(listener: socket.socket) -> bool:
    """Ask the kernel to drop every SYN; connections that have begun are completed.

    Not for a socket that another process listens on as well: its connections would be dropped, too.

    Returns:
        Whether the kernel does so. Only Linux can, and not in every sandbox.
    """
    if sys.platform != "linux":
        return False
    import ctypes

    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in _DROP_SYN))
    program = struct.pack("HP", len(_DROP_SYN), ctypes.addressof(code))
    try:
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
    except OSError:
        return False
    return True
