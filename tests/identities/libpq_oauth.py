"""Logs in by OAUTHBEARER with the libpq at argv[1], conninfo argv[2], token argv[3]; prints one line: ok or the error.

The token is given by a hook (PQsetAuthDataHook), as an application that has one already would.
"""

import ctypes
import sys

pq = ctypes.CDLL(sys.argv[1])
BEARER_TOKEN = 1  # PQAUTHDATA_OAUTH_BEARER_TOKEN


class BearerRequest(ctypes.Structure):  # PGoauthBearerRequest
    _fields_ = [
        ("openid_configuration", ctypes.c_char_p),
        ("scope", ctypes.c_char_p),
        ("async", ctypes.c_void_p),
        ("cleanup", ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)),
        ("token", ctypes.c_char_p),
        ("user", ctypes.c_void_p),
    ]


CLEANUP = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
HOOK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
token = sys.argv[3].encode()
told = []
cleanup = CLEANUP(lambda connection, request: None)


@HOOK
def hook(kind, connection, data):
    if kind != BEARER_TOKEN:
        return 0
    request = ctypes.cast(data, ctypes.POINTER(BearerRequest)).contents
    told.append((request.openid_configuration, request.scope))
    request.token = token
    request.cleanup = cleanup
    return 1


pq.PQsetAuthDataHook.argtypes = [HOOK]
pq.PQconnectdb.restype = ctypes.c_void_p
pq.PQstatus.argtypes = [ctypes.c_void_p]
pq.PQerrorMessage.argtypes = [ctypes.c_void_p]
pq.PQerrorMessage.restype = ctypes.c_char_p
pq.PQexec.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
pq.PQexec.restype = ctypes.c_void_p
pq.PQgetvalue.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
pq.PQgetvalue.restype = ctypes.c_char_p
pq.PQfinish.argtypes = [ctypes.c_void_p]
pq.PQsetAuthDataHook(hook)
connection = pq.PQconnectdb(sys.argv[2].encode())
if pq.PQstatus(connection) == 0:
    value = pq.PQgetvalue(pq.PQexec(connection, b"select 40 + 2"), 0, 0)
    print("ok", value.decode(), *(part.decode() for pair in told for part in pair if part))
else:
    print("failed", " ".join(pq.PQerrorMessage(connection).decode().split()))
pq.PQfinish(connection)
