import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BerthError } from '../protocol/errors.ts';
import { configurationHash } from './configurationHash.ts';
import { defaultDevContainer, parseDevContainer, resolveRemoteEnv } from './devcontainer.ts';

const context = { localFolder: '/home/anna/project', localEnv: { HOME: '/home/anna' } };

function refusal(text: string): string {
  try {
    parseDevContainer(text, context);
  } catch (error) {
    assert.ok(error instanceof BerthError && error.code === 'DevContainerInvalid');
    return error.message;
  }
  throw new assert.AssertionError({ message: 'was accepted' });
}

describe('devcontainer.json', () => {
  it('shares the folder under /workspaces when nothing else is said', () => {
    assert.equal(defaultDevContainer(context).workspaceFolder, '/workspaces/project');
    const config = parseDevContainer('{ "image": "debian:12", }', context);
    assert.equal(config.image, 'debian:12');
    assert.equal(config.workspaceMount.target, '/workspaces/project');
    assert.deepEqual(config.mounts, []);
  });

  it('reads comments, users, environment and variables', () => {
    const config = parseDevContainer(`{
      // the image
      "name": "Anna's", "image": "debian:\${localEnv:TAG:12}",
      "containerEnv": { "WHERE": "\${containerWorkspaceFolder}", "GONE": null },
      "remoteEnv": { "PATH": "\${containerEnv:PATH}:/opt/bin" },
      "containerUser": "root", "remoteUser": "dev"
    }`, context);
    assert.equal(config.name, 'Anna\'s');
    assert.equal(config.image, 'debian:12');
    assert.deepEqual(config.containerEnv, { WHERE: '/workspaces/project' });
    assert.equal(config.containerUser, 'root');
    assert.equal(config.remoteUser, 'dev');
    assert.deepEqual(resolveRemoteEnv(config.remoteEnv, ['PATH=/bin', 'A=b']), ['PATH=/bin:/opt/bin']);
  });

  it('starts terminals in workspaceFolder, and puts the folder there when it is elsewhere', () => {
    const inside = parseDevContainer('{ "workspaceFolder": "/workspaces/project/packages/a" }', context);
    assert.equal(inside.workspaceMount.target, '/workspaces/project');
    assert.equal(inside.workspaceFolder, '/workspaces/project/packages/a');
    const elsewhere = parseDevContainer('{ "workspaceFolder": "/srv/app" }', context);
    assert.equal(elsewhere.workspaceMount.target, '/srv/app');
    const mounted = parseDevContainer('{ "workspaceMount": "source=${localWorkspaceFolder},target=/w,type=bind", "workspaceFolder": "/w/x" }', context);
    assert.equal(mounted.workspaceMount.target, '/w');
    assert.equal(mounted.workspaceFolder, '/w/x');
  });

  it('takes bind mounts in both spellings and refuses others', () => {
    const config = parseDevContainer(`{ "mounts": [
      "type=bind,source=\${localEnv:HOME}/.m2,target=/root/.m2",
      { "type": "bind", "source": "/data/", "target": "/data", "readonly": true }
    ] }`, context);
    assert.deepEqual(config.mounts, [
      { source: '/home/anna/.m2', target: '/root/.m2', readOnly: false },
      { source: '/data', target: '/data', readOnly: true },
    ]);
    const others = parseDevContainer('{ "mounts": ["source=cache-${devcontainerId},target=/c", { "type": "tmpfs", "target": "/t" }], "runArgs": ["-v", "./data:/d:ro", "--tmpfs=/u"] }', context);
    assert.deepEqual(others.volumes, [{ volume: 'cache-1npiv090ccml2a71el7eu78risshs6lgk8gqc6jng5vh3aj4tigu', target: '/c', readOnly: false }]);
    assert.deepEqual(others.mounts, [{ source: '/home/anna/project/data', target: '/d', readOnly: true }]);
    assert.deepEqual(others.world, { tmpfs: [{ target: '/t' }, { target: '/u' }] });
    assert.match(refusal('{ "mounts": ["source=./relative,target=/c"] }'), /“\.\/relative” must be an absolute path/);
    assert.match(refusal('{ "mounts": ["type=cluster,source=a,target=/c"] }'), /“cluster” is not a type of mounts/);
    assert.match(refusal('{ "mounts": ["type=bind,source=/a,target=/c", 7] }'), /“mounts\.1” in devcontainer\.json, line 1, must be a text such as/);
  });

  it('says precisely what it cannot do', () => {
    assert.match(refusal('{ "build": { "dockerfile": "Dockerfile" } }'), /Dockerfile \(“build” in devcontainer\.json, line 1\).*Name a ready image/);
    assert.match(refusal('{ "dockerFile": "Dockerfile" }'), /“dockerFile”/);
    assert.match(refusal('{ "dockerComposeFile": ["a.yml"] }'), /Docker Compose/);
    assert.match(refusal('{ "image": "a", "features": { "ghcr.io/x": {} } }'), /Features/);
    assert.equal(parseDevContainer('{ "image": "a", "features": {} }', context).image, 'a');
  });

  it('names the line of a syntax error and the property of a wrong type', () => {
    assert.match(refusal('{\n  "image": "a"\n  "name": "b"\n}'), /comma expected in line 3/);
    assert.match(refusal('[]'), /must hold a JSON object/);
    assert.match(refusal('{ "image": 3 }'), /“image”.*must be a text/);
    assert.match(refusal('{ "containerEnv": { "A": 1 } }'), /“containerEnv.A”/);
  });

  it('tells which properties it leaves alone', () => {
    assert.deepEqual(parseDevContainer('{ "secrets": { "KEY": {} }, "forwardPorts": [] }', context).ignored, ['secrets']);
    assert.deepEqual(parseDevContainer('{ "runArgs": ["--init", "-p", "80:80", "--gpus", "all", "-it", "--ipc=host"] }', context).ignored, ['runArgs: --gpus', 'runArgs: -it', 'runArgs: --ipc']);
    assert.deepEqual(parseDevContainer('{ "hostRequirements": { "gpu": true } }', context).ignored, ['hostRequirements.gpu']);
    assert.deepEqual(parseDevContainer('{ "hostRequirements": { "gpu": "optional" } }', context).ignored, []);
  });

  it('takes what docker run would from runArgs', () => {
    const config = parseDevContainer(`{ "containerEnv": { "A": "file" }, "capAdd": ["SYS_PTRACE"], "runArgs": [
      "--cap-add=NET_ADMIN", "--cap-add", "SYS_PTRACE", "--security-opt", "seccomp=unconfined", "--init", "--ulimit=nofile=10:20", "--shm-size", "1g", "--memory=4g", "--cpus", "1.5",
      "-eA=run", "-e", "HOME", "--label", "a=b", "-u", "dev", "--name=box", "--read-only", "--group-add", "video", "--pids-limit=-1"
    ] }`, context);
    assert.deepEqual(config.world, {
      capAdd: ['SYS_PTRACE', 'NET_ADMIN'], unfiltered: true, init: true, ulimits: [{ name: 'nofile', soft: 10, hard: 20 }], sharedMemoryBytes: 1024 ** 3, readOnlyRoot: true, additionalGroups: ['video'], pidsLimit: 0,
    });
    assert.deepEqual(config.machine, { memoryBytes: 4 * 1024 ** 3, cpus: 2 });
    assert.deepEqual(config.containerEnv, { A: 'file', HOME: '/home/anna' });
    assert.deepEqual([config.labels, config.containerUser, config.name], [{ a: 'b' }, 'dev', 'box']);
    assert.deepEqual(config.ignored, []);
  });

  it('merges what the image’s label has, and is as before where that cannot be read', () => {
    const label = JSON.stringify([{ remoteUser: 'dev', containerEnv: { A: '1', B: '${localWorkspaceFolderBasename}' }, mounts: ['type=volume,source=v,target=/v'] }, { init: true, forwardPorts: [3000] }]);
    const config = parseDevContainer('{ "image": "a", "containerEnv": { "A": "2" }, "forwardPorts": ["localhost:3000", 80] }', { ...context, imageLabels: { 'devcontainer.metadata': label } });
    assert.deepEqual([config.remoteUser, config.containerEnv, config.world], ['dev', { A: '2', B: 'project' }, { init: true }]);
    assert.deepEqual(config.ports.forwardPorts, [{ port: 3000 }, { port: 80 }]);
    assert.deepEqual(config.volumes, [{ volume: 'v', target: '/v', readOnly: false }]);
    assert.deepEqual(parseDevContainer('{}', { ...context, imageLabels: { 'devcontainer.metadata': '[' } }).ignored, ['devcontainer.metadata of the image']);
    assert.throws(() => parseDevContainer('{}', { ...context, imageLabels: { 'devcontainer.metadata': '{ "init": 1 }' } }), { message: /“init” in the image’s label “devcontainer\.metadata” must be true or false/ });
  });

  it('says in which line a value is wrong', () => {
    assert.match(refusal('{\n  // two\n  "image": "a",\n  "postCreateCommand": 1\n}'), /“postCreateCommand” in devcontainer\.json, line 4, must be a text, a list of texts, or an object of these/);
    assert.match(refusal('{\n "hostRequirements": {\n "memory": "much" } }'), /“hostRequirements\.memory” in devcontainer\.json, line 3,/);
    assert.match(refusal('{ "waitFor": "postAttachCommand" }'), /“waitFor”.*must be one of initializeCommand, /);
    assert.match(refusal('{ "customizations": { "vscode": { "extensions": "a.b" } } }'), /“customizations\.vscode\.extensions”.*must be a list of texts/);
    assert.match(refusal('{ "image": "${localEnv}" }'), /“\$\{localEnv\}”, which names no variable/);
  });

  it('has a hash that follows what a container is made from', () => {
    const one = parseDevContainer('{ "image": "a", "remoteUser": "x" }', context);
    const two = parseDevContainer('{ "image": "a", "remoteUser": "y" }', context);
    const three = parseDevContainer('{ "image": "a", "containerEnv": { "A": "1" } }', context);
    assert.equal(configurationHash(one, 'a'), configurationHash(two, 'a'));
    assert.notEqual(configurationHash(one, 'a'), configurationHash(three, 'a'));
    assert.notEqual(configurationHash(one, 'a'), configurationHash(one, 'b'));
    const hash = (more: string): string => configurationHash(parseDevContainer(`{ "image": "a", ${more} }`, context), 'a');
    assert.notEqual(configurationHash(one, 'a'), hash('"appPort": 80'));
    assert.notEqual(configurationHash(one, 'a'), hash('"runArgs": ["--network", "back"]'));
    assert.notEqual(configurationHash(one, 'a'), hash('"init": true'));
    assert.notEqual(configurationHash(one, 'a'), hash('"overrideCommand": false'));
    assert.notEqual(configurationHash(one, 'a'), hash('"hostRequirements": { "cpus": 2 }'));
    // Made by an earlier Berth, and still the same.
    assert.equal(configurationHash(one, 'a'), '03df46d4fb18c944');
    for (const live of ['"postCreateCommand": "a"', '"overrideCommand": true', '"forwardPorts": [80]', '"portsAttributes": { "80": {} }', '"customizations": { "berth": { "network": { "policy": "none" } } }']) {
      assert.equal(configurationHash(one, 'a'), hash(live), live);
    }
  });
});
