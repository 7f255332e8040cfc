/*
 * The floor's init: a static x86_64 program that asks the kernel to power off, and nothing else.
 *
 *   0x00  ELF header (64 bytes)      entry 0x400078
 *   0x40  one program header (56)    PT_LOAD, read + execute, whole file at 0x400000
 *   0x78  code                       reboot(LINUX_REBOOT_MAGIC1, MAGIC2, command, 0), then a loop
 */
const baseAddress = 0x400000n;
const headerBytes = 0x78;

/** reboot(2) commands: with ACPI the machine powers off; without it QEMU's -no-reboot turns a restart into the end. */
const rebootCommands = { powerOff: 0x4321fedc, restart: 0x01234567 } as const;

/** The bytes of the program. */
export function powerOffInit(command: keyof typeof rebootCommands): Buffer {
  const code = Buffer.from([
    0xb8, 169, 0, 0, 0, // mov eax, SYS_reboot
    0xbf, 0xad, 0xde, 0xe1, 0xfe, // mov edi, 0xfee1dead
    0xbe, 0x69, 0x19, 0x12, 0x28, // mov esi, 0x28121969
    0xba, 0, 0, 0, 0, // mov edx, command
    0x45, 0x31, 0xd2, // xor r10d, r10d
    0x0f, 0x05, // syscall
    0xeb, 0xfe, // jmp to itself
  ]);
  code.writeUInt32LE(rebootCommands[command], 16);
  const file = Buffer.alloc(headerBytes + code.length);
  file.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  file.writeUInt16LE(2, 0x10); // ET_EXEC
  file.writeUInt16LE(62, 0x12); // EM_X86_64
  file.writeUInt32LE(1, 0x14);
  file.writeBigUInt64LE(baseAddress + BigInt(headerBytes), 0x18);
  file.writeBigUInt64LE(0x40n, 0x20);
  file.writeUInt16LE(0x40, 0x34);
  file.writeUInt16LE(0x38, 0x36);
  file.writeUInt16LE(1, 0x38);
  file.writeUInt32LE(1, 0x40); // PT_LOAD
  file.writeUInt32LE(5, 0x44); // read, execute
  file.writeBigUInt64LE(baseAddress, 0x50);
  file.writeBigUInt64LE(baseAddress, 0x58);
  file.writeBigUInt64LE(BigInt(file.length), 0x60);
  file.writeBigUInt64LE(BigInt(file.length), 0x68);
  file.writeBigUInt64LE(0x1000n, 0x70);
  code.copy(file, headerBytes);
  return file;
}
