import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BerthError } from '../protocol/errors.ts';
import { configurationHash, defaultDevContainer, parseDevContainer, resolveRemoteEnv } from './devcontainer.ts';

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
    assert.match(refusal('{ "mounts": ["type=volume,source=cache,target=/c"] }'), /only “bind” is supported/);
    assert.match(refusal('{ "mounts": ["source=relative,target=/c"] }'), /absolute path/);
    assert.match(refusal('{ "mounts": [7] }'), /must be a text such as/);
  });

  it('says precisely what it cannot do', () => {
    assert.match(refusal('{ "build": { "dockerfile": "Dockerfile" } }'), /Dockerfile \(“build”\).*Name a ready image/);
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
    assert.deepEqual(parseDevContainer('{ "runArgs": ["--init", "-p", "80:80"] }', context).ignored, ['runArgs: --init']);
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
    for (const live of ['"forwardPorts": [80]', '"portsAttributes": { "80": {} }', '"customizations": { "berth": { "network": { "policy": "none" } } }']) {
      assert.equal(configurationHash(one, 'a'), hash(live), live);
    }
  });
});
