import type { Accelerator } from '../protocol/types.ts';

export type Architecture = 'x86_64' | 'aarch64';

/** Everything that decides a VM's command line. Paths are absolute. */
export interface VmConfiguration {
  /** Identifies the VM among all of this user's processes: the container's id. */
  readonly id: string;
  readonly architecture: Architecture;
  readonly accelerator: Accelerator;
  /** Of the QEMU that runs it, like `7.2.22`. */
  readonly qemuVersion: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly initramfs: string;
  /** Added to the kernel's command line. */
  readonly kernelArguments?: readonly string[];
  /** Frequency of the time stamp counter that the guest will see; only for x86_64 under TCG (see tscFrequency.ts). */
  readonly tscKilohertz?: number;
  /** Receives what the guest's kernel and vminitd print. */
  readonly bootLog: string;
  readonly qmpSocket: string;
  /** The host's end of the virtio-serial port `berth.control`. */
  readonly controlSocket: string;
  readonly disk?: VmDisk;
  readonly volumes?: readonly VmVolume[];
  readonly shares?: readonly VmShare[];
  readonly interfaces?: readonly VmInterface[];
  /** The guest begins to run only when it is told to over QMP (`cont`). */
  readonly paused?: boolean;
}

/** The root disk `/dev/vda`: a qcow2 overlay that takes all writes, over a raw image that is never written. */
export interface VmDisk {
  readonly overlay: string;
  readonly image: string;
}

/** A further disk with an ext4 file system, which the guest finds by its serial number. */
export interface VmVolume {
  readonly serial: string;
  /** Raw. */
  readonly file: string;
  readonly readOnly: boolean;
  /** A qcow2 file over it that takes what the guest writes; the file itself is only read then. */
  readonly overlay?: string;
}

/** A directory of the host, as the virtio-9p device `tag`. */
export interface VmShare {
  readonly tag: string;
  readonly directory: string;
  readonly readOnly: boolean;
}

/** A network interface. QEMU listens on the socket, so whoever switches its frames can go away and come again. */
export interface VmInterface {
  readonly id: string;
  readonly socket: string;
  readonly mac: string;
  /** Largest packet in bytes, which the guest is told. */
  readonly mtu: number;
}

/**
 * Shared directories, volumes and network interfaces per VM. `microvm` with its second I/O APIC has 24 virtio-mmio slots and the root disk, the random
 * number generator, the balloon and the serial ports take four of them.
 */
export const maximumDevices = 20;

const bytesPerMebibyte = 1024 * 1024;

/** QEMU's argument vector, without the program itself. A pure function of its input. */
export function qemuArguments(vm: VmConfiguration): string[] {
  return [
    ...['-name', `guest=berth-${vm.id},debug-threads=on`],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', ...(vm.paused ? ['-S'] : [])],
    ...machineArguments(vm),
    ...['-smp', String(vm.cpus), '-m', `${Math.ceil(vm.memoryBytes / bytesPerMebibyte)}M`],
    ...['-kernel', vm.kernel, '-initrd', vm.initramfs, '-append', kernelCommandLine(vm)],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...['-device', 'virtio-serial-device,id=serial,max_ports=2'],
    ...['-chardev', `socket,id=control,path=${escapeComma(vm.controlSocket)},server=on,wait=off`],
    ...['-device', 'virtserialport,bus=serial.0,nr=1,chardev=control,name=berth.control'],
    ...['-chardev', qmpChardev(vm.qmpSocket), '-mon', 'chardev=qmp,mode=control'],
    ...diskArguments(vm.disk),
    ...(vm.volumes ?? []).flatMap(volumeArguments),
    ...(vm.shares ?? []).flatMap(shareArguments),
    ...(vm.interfaces ?? []).flatMap(interfaceArguments),
    ...['-object', 'rng-random,id=random,filename=/dev/urandom', '-device', 'virtio-rng-device,rng=random'],
    ...['-device', 'virtio-balloon-device,free-page-reporting=on,deflate-on-oom=on'],
    // Appending, so that it can be cut down. Last of all character devices: once this file exists, the two sockets listen (virtualMachine.ts waits for it).
    ...['-chardev', `file,id=console,append=on,path=${escapeComma(vm.bootLog)}`, '-serial', 'chardev:console'],
  ];
}

/** The one argument that names a VM's QMP socket: by it a VM is recognised among the running processes. */
export function qmpChardev(qmpSocket: string): string {
  return `socket,id=qmp,path=${escapeComma(qmpSocket)},server=on,wait=off`;
}

function machineArguments(vm: VmConfiguration): string[] {
  const machine =
    vm.architecture === 'x86_64'
      ? 'microvm,x-option-roms=off,rtc=on,acpi=on,ioapic2=on,dump-guest-core=off'
      : `virt,gic-version=${vm.accelerator === 'kvm' ? 'host' : 'max'},dump-guest-core=off`;
  const accelerator = vm.accelerator === 'tcg' ? `tcg,thread=${emulatorThreads(vm)},tb-size=256` : vm.accelerator;
  return ['-machine', machine, '-accel', accelerator, '-cpu', processor(vm)];
}

/**
 * Before 8.1, QEMU could read code to translate it while another processor's thread wrote it, and went on with what it had
 * read. A kernel that changes its own code then ran into breakpoints that were gone, and panicked: in 1 of 300 boots here.
 */
function emulatorThreads({ cpus, qemuVersion }: VmConfiguration): 'multi' | 'single' {
  const [major = 0, minor = 0] = qemuVersion.split('.').map(Number);
  const isSound = major > 8 || (major === 8 && minor >= 1);
  return cpus === 1 || isSound ? 'multi' : 'single';
}

/** ERMS makes x86 kernels copy with `rep movsb`, which TCG executes byte by byte: without it bulk output is a quarter faster. */
function processor(vm: VmConfiguration): string {
  if (vm.accelerator !== 'tcg') return 'host';
  return vm.architecture === 'x86_64' ? 'max,-erms' : 'max';
}

/**
 * `panic=-1` restarts at once after a kernel panic, and with `-no-reboot` QEMU then ends. The rest spares the kernel
 * what it would only measure or look for in vain, above all under emulation, where such measurements sometimes fail.
 */
function kernelCommandLine(vm: VmConfiguration): string {
  const words = ['quiet', 'panic=-1', 'dummy.numdummies=0'];
  if (vm.architecture === 'aarch64') words.unshift('console=ttyAMA0');
  else words.unshift('console=ttyS0', 'pci=off');
  if (vm.architecture === 'x86_64' && vm.accelerator === 'tcg') words.push(...emulatedClock(vm.tscKilohertz));
  if (vm.cpus === 1) words.push('noreplace-smp');
  return [...words, ...(vm.kernelArguments ?? [])].join(' ');
}

/** Under TCG the guest's time stamp counter is the host's; `lpj` is its ticks per jiffy at the kernel's 250 Hz. */
function emulatedClock(tscKilohertz: number | undefined): string[] {
  if (tscKilohertz === undefined) return [];
  return ['tsc=reliable', `tsc_early_khz=${tscKilohertz}`, `lpj=${tscKilohertz * 4}`, 'lapic_timer_khz=1000000'];
}

/** `werror=stop`: where the host's disk is full or fails, the VM waits rather than lose what it writes (qmpMonitor.ts). */
function diskArguments(disk: VmDisk | undefined): string[] {
  if (!disk) return [];
  const image = `driver=raw,node-name=image,read-only=on,file.driver=file,file.filename=${escapeComma(disk.image)}`;
  const overlay = 'driver=qcow2,node-name=root,backing=image,discard=unmap,detect-zeroes=unmap,'
    + `file.driver=file,file.filename=${escapeComma(disk.overlay)},file.discard=unmap,file.aio=threads`;
  return ['-blockdev', image, '-blockdev', overlay, '-device', 'virtio-blk-device,drive=root,serial=root,discard=on,werror=stop'];
}

/**
 * QEMU's locks are the second net under the host's own book-keeping: a disk that one VM writes no other can open, and
 * one that some read none can write.
 */
function volumeArguments({ serial, file, readOnly, overlay }: VmVolume): string[] {
  const isBase = overlay !== undefined;
  const raw = `driver=raw,node-name=${serial}${isBase ? '-base' : ''},read-only=${readOnly ? 'on' : 'off'},discard=unmap,detect-zeroes=unmap,`
    + `file.driver=file,file.filename=${escapeComma(file)},file.discard=unmap,file.aio=threads,file.locking=auto`;
  const over = isBase ? ['-blockdev', `driver=qcow2,node-name=${serial},backing=${serial}-base,file.driver=file,file.filename=${escapeComma(overlay)},file.aio=threads`] : [];
  return ['-blockdev', raw, ...over, '-device', `virtio-blk-device,drive=${serial},serial=${serial},discard=on${readOnly && !isBase ? '' : ',werror=stop'}`];
}

/**
 * `security_model=none`: files belong to the host's user who runs QEMU, whatever the guest asks for.
 * `multidevs=remap` keeps inode numbers unique when the directory spans file systems.
 */
function shareArguments(share: VmShare): string[] {
  const access = share.readOnly ? ',readonly=on' : '';
  return [
    ...['-fsdev', `local,id=${share.tag},path=${escapeComma(share.directory)},security_model=none,multidevs=remap${access}`],
    ...['-device', `virtio-9p-device,fsdev=${share.tag},mount_tag=${share.tag}`],
  ];
}

/** Frames on the socket have their length before them, as QEMU's streams do. */
function interfaceArguments({ id, socket, mac, mtu }: VmInterface): string[] {
  return ['-netdev', `stream,id=${id},server=on,addr.type=unix,addr.path=${escapeComma(socket)}`, '-device', `virtio-net-device,netdev=${id},mac=${mac},host_mtu=${mtu}`];
}

/** QEMU's option lists are separated by commas; a comma inside a value is written twice. */
function escapeComma(value: string): string {
  return value.replaceAll(',', ',,');
}
