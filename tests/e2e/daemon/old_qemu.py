#!/usr/bin/python3 -IS
"""QEMU, but an old one: answers query-version with 7.2.0 and leaves everything else to the QEMU beside it, "real-qemu".

Takes what libvirt starts QEMU with to find out about it: -qmp unix:PATH,... -pidfile PATH -daemonize.
"""
import os
import re
import socket
import subprocess
import sys
import threading


def take(arguments, option):
    """Removes an option with its value, which is returned."""
    at = arguments.index(option)
    value = arguments[at + 1]
    del arguments[at : at + 2]
    return value


def main():
    arguments = sys.argv[1:]
    monitor = take(arguments, "-qmp").removeprefix("unix:").split(",")[0]
    pid_file = take(arguments, "-pidfile")
    arguments.remove("-daemonize")

    listener = socket.socket(socket.AF_UNIX)
    listener.bind(monitor)
    listener.listen()
    child = os.fork()
    if child != 0:
        with open(pid_file, "w", encoding="ascii") as file:
            file.write(f"{child}\n")
        return
    os.setsid()
    for standard in range(3):
        os.dup2(os.open(os.devnull, os.O_RDWR), standard)

    # It ends with this process, which libvirt kills.
    real = os.path.join(os.path.dirname(sys.argv[0]), "real-qemu")
    qemu = subprocess.Popen(
        ["/usr/bin/setpriv", "--pdeathsig", "KILL", real, *arguments, "-qmp", "stdio"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    libvirt, _ = listener.accept()

    def ask():
        while data := libvirt.recv(65536):
            qemu.stdin.write(data)
            qemu.stdin.flush()
        qemu.kill()

    threading.Thread(target=ask, daemon=True).start()
    version = re.compile(rb'"qemu": *\{[^}]*\}')
    for line in qemu.stdout:
        libvirt.sendall(version.sub(b'"qemu": {"micro": 0, "minor": 2, "major": 7}', line))


main()
