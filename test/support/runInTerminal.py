"""Runs a command in a pseudo-terminal: `runInTerminal.py COLUMNS ROWS COMMAND...`.

Standard input is typed, standard output is what the terminal shows, and each line "COLUMNS ROWS" on descriptor 3 resizes
the window. Ends with the command's status, or with 99 when the command left the terminal's settings changed.
"""
import fcntl
import os
import pty
import select
import struct
import sys
import termios

STDIN, STDOUT, RESIZES = 0, 1, 3


def resize(terminal, columns, rows):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def main():
    columns, rows, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    master, slave = pty.openpty()
    resize(master, columns, rows)
    before = termios.tcgetattr(slave)
    child = os.fork()
    if child == 0:
        os.close(master)
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for descriptor in (0, 1, 2):
            os.dup2(slave, descriptor)
        os.execvp(command[0], command)
    # The slave stays open here, so that its settings can be read when the command has ended.
    sources = [master, STDIN, RESIZES]
    ended = os.pidfd_open(child)
    while True:
        ready, _, _ = select.select(sources + [ended], [], [])
        if master in ready:
            os.write(STDOUT, os.read(master, 65536))
            continue
        for source in (STDIN, RESIZES):
            if source not in ready:
                continue
            data = os.read(source, 65536)
            if not data:
                sources.remove(source)
            elif source == STDIN:
                os.write(master, data)
            else:
                for line in data.decode().split("\n"):
                    if line:
                        resize(master, *map(int, line.split()))
        if ended in ready:
            break
    _, status = os.waitpid(child, 0)
    if termios.tcgetattr(slave) != before:
        sys.exit(99)
    sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)


main()
