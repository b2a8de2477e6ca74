"""Runs Ansible's commands without loading Ansible for each: that takes three times what most of them do.

    warm.py                                 serves, in the folder that it is started in, and says at what socket
    warm.py SOCKET ansible ARGUMENT...      has the server run this, with the streams and the exit code of its own

Each command is a process forked from the server. Settings are those that the server found in its folder and
environment when it started. It ends with its stdin.
"""

import json
import os
import select
import socket
import sys


def serve():
    import tempfile

    from ansible.cli.adhoc import AdHocCLI
    from ansible.cli.playbook import PlaybookCLI

    commands = {"ansible": AdHocCLI, "ansible-playbook": PlaybookCLI}
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        server.bind(folder + "/socket")
        server.listen(64)
        print(folder + "/socket", flush=True)
        while server in select.select([server, sys.stdin], [], [])[0]:
            connection, _ = server.accept()
            if os.fork() == 0:
                # Forked again, it is nobody's to wait for.
                if os.fork() == 0:
                    server.close()
                    run(connection, commands)
                os._exit(0)
            os.wait()
            connection.close()


def run(connection, commands):
    """Never returns: at an ordinary exit the server's folders for temporary files would go."""
    request, streams, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    while more := connection.recv(1 << 20):
        request += more
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    argv = json.loads(request)
    code = 250
    try:
        commands[argv[0]].cli_executor(argv)
    except SystemExit as leaves:
        code = leaves.code or 0
    except BaseException:
        import traceback

        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    connection.send(str(code).encode())
    os._exit(0)


def ask(path, argv):
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(path)
        socket.send_fds(server, [json.dumps(argv).encode()], [0, 1, 2])
        server.shutdown(socket.SHUT_WR)
        return int(server.recv(16) or b"250")


if len(sys.argv) == 1:
    serve()
else:
    sys.exit(ask(sys.argv[1], sys.argv[2:]))
