import assert from 'node:assert/strict';
import { test } from 'node:test';
import { qemuArguments, qmpChardev, type VmConfiguration } from './qemuArguments.ts';

const basic: VmConfiguration = {
  id: 'cafe',
  architecture: 'x86_64',
  accelerator: 'tcg',
  qemuVersion: '7.2.22',
  cpus: 1,
  memoryBytes: 1024 * 1024 * 1024,
  kernel: '/k/vmlinux',
  initramfs: '/g/initramfs.cpio',
  tscKilohertz: 2_600_000,
  bootLog: '/c/boot.log',
  qmpSocket: '/r/qmp.sock',
  controlSocket: '/r/control.sock',
  disk: { overlay: '/c/root.qcow2', image: '/d/image.ext4' },
  shares: [
    { tag: 'share0', directory: '/home/me/project', readOnly: false },
    { tag: 'share1', directory: '/data', readOnly: true },
  ],
};

/** The value that follows an option, for options that occur once. */
function option(args: readonly string[], name: string): string | undefined {
  return args[args.indexOf(name) + 1];
}

test('an emulated x86_64 VM with shares, whole', () => {
  assert.deepEqual(qemuArguments(basic), [
    ...['-name', 'guest=berth-cafe,debug-threads=on'],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-machine', 'microvm,x-option-roms=off,rtc=on,acpi=on,ioapic2=on,dump-guest-core=off'],
    ...['-accel', 'tcg,thread=multi,tb-size=256', '-cpu', 'max,-erms', '-smp', '1', '-m', '1024M'],
    ...['-kernel', '/k/vmlinux', '-initrd', '/g/initramfs.cpio', '-append'],
    'console=ttyS0 pci=off quiet panic=-1 dummy.numdummies=0 tsc=reliable tsc_early_khz=2600000 lpj=10400000 lapic_timer_khz=1000000 noreplace-smp',
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...['-device', 'virtio-serial-device,id=serial,max_ports=2'],
    ...['-chardev', 'socket,id=control,path=/r/control.sock,server=on,wait=off'],
    ...['-device', 'virtserialport,bus=serial.0,nr=1,chardev=control,name=berth.control'],
    ...['-chardev', 'socket,id=qmp,path=/r/qmp.sock,server=on,wait=off', '-mon', 'chardev=qmp,mode=control'],
    ...['-blockdev', 'driver=raw,node-name=image,read-only=on,file.driver=file,file.filename=/d/image.ext4'],
    '-blockdev',
    'driver=qcow2,node-name=root,backing=image,discard=unmap,detect-zeroes=unmap,file.driver=file,file.filename=/c/root.qcow2,file.discard=unmap,file.aio=threads',
    ...['-device', 'virtio-blk-device,drive=root,serial=root,discard=on,werror=stop'],
    ...['-fsdev', 'local,id=share0,path=/home/me/project,security_model=none,multidevs=remap'],
    ...['-device', 'virtio-9p-device,fsdev=share0,mount_tag=share0'],
    ...['-fsdev', 'local,id=share1,path=/data,security_model=none,multidevs=remap,readonly=on'],
    ...['-device', 'virtio-9p-device,fsdev=share1,mount_tag=share1'],
    ...['-object', 'rng-random,id=random,filename=/dev/urandom', '-device', 'virtio-rng-device,rng=random'],
    ...['-device', 'virtio-balloon-device,free-page-reporting=on,deflate-on-oom=on'],
    ...['-chardev', 'file,id=console,append=on,path=/c/boot.log', '-serial', 'chardev:console'],
  ]);
});

test('hardware virtualization takes the host’s processor and gets no hint about clocks', () => {
  const args = qemuArguments({ ...basic, accelerator: 'kvm', cpus: 4 });
  assert.equal(option(args, '-accel'), 'kvm');
  assert.equal(option(args, '-cpu'), 'host');
  assert.equal(option(args, '-smp'), '4');
  assert.equal(option(args, '-append'), 'console=ttyS0 pci=off quiet panic=-1 dummy.numdummies=0');
});

test('the processors of an emulated VM take turns, where QEMU would let them run into half-written code', () => {
  const threads = (cpus: number, qemuVersion: string): string | undefined => /thread=(\w+)/.exec(option(qemuArguments({ ...basic, cpus, qemuVersion }), '-accel') ?? '')?.[1];
  for (const version of ['6.2.0', '7.2.22', '8.0.5']) assert.deepEqual([threads(1, version), threads(2, version)], ['multi', 'single'], version);
  for (const version of ['8.1.0', '8.2.2', '9.0', '10.0.7']) assert.deepEqual([threads(1, version), threads(2, version)], ['multi', 'multi'], version);
});

test('aarch64 uses the machine “virt”', () => {
  const args = qemuArguments({ ...basic, architecture: 'aarch64', accelerator: 'hvf', cpus: 2 });
  assert.equal(option(args, '-machine'), 'virt,gic-version=max,dump-guest-core=off');
  assert.equal(option(args, '-cpu'), 'host');
  assert.equal(option(args, '-append'), 'console=ttyAMA0 quiet panic=-1 dummy.numdummies=0');
});

test('without a known frequency the kernel measures its clocks itself', () => {
  const { tscKilohertz: _unknown, ...rest } = basic;
  assert.doesNotMatch(option(qemuArguments(rest), '-append') ?? '', /tsc|lpj/);
});

test('memory is given in whole MiB, rounded up', () => {
  assert.equal(option(qemuArguments({ ...basic, memoryBytes: 100 * 1024 * 1024 + 1 }), '-m'), '101M');
});

test('a probe has no disk and no shares', () => {
  const { disk: _disk, shares: _shares, ...rest } = basic;
  const args = qemuArguments({ ...rest, kernelArguments: ['berth.probe'] });
  assert.ok(!args.includes('-blockdev') && !args.includes('-fsdev'));
  assert.match(option(args, '-append') ?? '', / berth\.probe$/);
});

test('commas in paths are doubled wherever QEMU splits at commas, and nowhere else', () => {
  const args = qemuArguments({
    ...basic,
    kernel: '/a,b/vmlinux',
    bootLog: '/a,b/boot.log',
    qmpSocket: '/a,b/qmp.sock',
    controlSocket: '/a,b/control.sock',
    disk: { overlay: '/a,b/o', image: '/a,b/i' },
    shares: [{ tag: 'share0', directory: '/a,b/c,d', readOnly: true }],
  });
  assert.equal(option(args, '-kernel'), '/a,b/vmlinux');
  for (const arg of args.filter((word) => word.includes('path=') || word.includes('filename='))) {
    if (arg.includes('/dev/urandom')) continue;
    assert.match(arg, /=\/a,,b\//);
  }
  assert.equal(option(args, '-fsdev'), 'local,id=share0,path=/a,,b/c,,d,security_model=none,multidevs=remap,readonly=on');
  assert.ok(args.includes(qmpChardev('/a,b/qmp.sock')), 'a VM can be recognised by its QMP argument');
});

test('the console’s file is made last of all character devices, because its appearance says that the sockets listen', () => {
  const devices = qemuArguments(basic).filter((_word, index, all) => all[index - 1] === '-chardev');
  assert.match(devices.at(-1) ?? '', /^file,id=console/);
});

test('volumes: written, read, and read through an overlay', () => {
  const args = qemuArguments({ ...basic, volumes: [{ serial: 'volume0', file: '/v/a,b', readOnly: false }, { serial: 'volume1', file: '/v/r', readOnly: true }, { serial: 'volume2', file: '/v/o', readOnly: true, overlay: '/c/volume2.qcow2' }] });
  const file = (path: string): string => `discard=unmap,detect-zeroes=unmap,file.driver=file,file.filename=${path},file.discard=unmap,file.aio=threads,file.locking=auto`;
  const from = args.indexOf('virtio-blk-device,drive=root,serial=root,discard=on,werror=stop') + 1;
  assert.deepEqual(args.slice(from, args.indexOf('-fsdev')), [
    ...['-blockdev', `driver=raw,node-name=volume0,read-only=off,${file('/v/a,,b')}`, '-device', 'virtio-blk-device,drive=volume0,serial=volume0,discard=on,werror=stop'],
    ...['-blockdev', `driver=raw,node-name=volume1,read-only=on,${file('/v/r')}`, '-device', 'virtio-blk-device,drive=volume1,serial=volume1,discard=on'],
    ...['-blockdev', `driver=raw,node-name=volume2-base,read-only=on,${file('/v/o')}`],
    ...['-blockdev', 'driver=qcow2,node-name=volume2,backing=volume2-base,file.driver=file,file.filename=/c/volume2.qcow2,file.aio=threads', '-device', 'virtio-blk-device,drive=volume2,serial=volume2,discard=on,werror=stop'],
  ]);
});

test('network interfaces come after the shares, in order', () => {
  const args = qemuArguments({ ...basic, interfaces: [{ id: 'net0', socket: '/r,1/net0.sock', mac: '02:00:00:00:00:01', mtu: 65_520 }, { id: 'net1', socket: '/r/net1.sock', mac: '02:00:00:00:00:02', mtu: 1500 }] });
  const from = args.indexOf('virtio-9p-device,fsdev=share1,mount_tag=share1') + 1;
  assert.deepEqual(args.slice(from, args.indexOf('-object')), [
    ...['-netdev', 'stream,id=net0,server=on,addr.type=unix,addr.path=/r,,1/net0.sock', '-device', 'virtio-net-device,netdev=net0,mac=02:00:00:00:00:01,host_mtu=65520'],
    ...['-netdev', 'stream,id=net1,server=on,addr.type=unix,addr.path=/r/net1.sock', '-device', 'virtio-net-device,netdev=net1,mac=02:00:00:00:00:02,host_mtu=1500'],
  ]);
});

test('a paused VM differs only in that it waits', () => {
  const paused = qemuArguments({ ...basic, paused: true });
  assert.deepEqual(paused.filter((word) => word !== '-S'), qemuArguments(basic));
  assert.equal(paused.length, qemuArguments(basic).length + 1);
});
