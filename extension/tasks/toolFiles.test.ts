import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toolFiles } from './toolFiles.ts';

function namesIn(file: string, text: string, ...beside: string[]): string[] {
  const detect = toolFiles[file] ?? assert.fail(`${file} is not known`);
  return detect({ text, beside: (name) => beside.includes(name) }).map(({ name }) => name);
}

describe('tasks that tool files name', () => {
  it('are the scripts of a package, run by the manager that it is for', () => {
    const text = '{"scripts": {"build": "tsc -b", "prebuild": "clean", "prepare": "x", "postinstall": "y", "start": 3}}';
    assert.deepEqual(namesIn('package.json', text), ['npm install', 'npm run build', 'npm run prepare']);
    assert.deepEqual(namesIn('package.json', text, 'pnpm-lock.yaml')[1], 'pnpm run build');
    assert.deepEqual(namesIn('package.json', '{"packageManager": "yarn@4.1.0"}', 'pnpm-lock.yaml'), ['yarn install']);
    assert.deepEqual(namesIn('package.json', 'no JSON'), ['npm install']);
    assert.deepEqual(toolFiles['package.json']?.({ text, beside: () => false })[1], { name: 'npm run build', command: 'npm', args: ['run', 'build'], detail: 'tsc -b', group: 'build' });
  });

  it('are the targets of a Makefile', () => {
    const text = 'CC := gcc\nOUT = a:b\n.PHONY: all\nall clean: main.o lib/x.o\n\techo a: b\nmain.o: main.c\n%.o: %.c\n$(OUT): x\nrun :: all\n# no: rule\ninstall-all:all\nexport X:=1\n';
    assert.deepEqual(namesIn('Makefile', text), ['make all', 'make clean', 'make main.o', 'make run', 'make install-all']);
  });

  it('are the recipes of a justfile that take nothing', () => {
    assert.deepEqual(namesIn('justfile', 'version := "1"\nbuild:\n  x\n@test: build\n  echo a: b\n_private:\n  x\ndeploy target:\n  x\nset shell := ["sh"]\n'), ['just build', 'just test']);
  });

  it('are the tasks of a Taskfile', () => {
    assert.deepEqual(namesIn('Taskfile.yml', "version: '3'\nvars:\n  A: b\ntasks:\n  default:\n    cmds:\n      - echo: x\n  # note:\n  'docs:build':\n    cmds: [x]\n\n  lint: golint\nincludes:\n  x: y\n"), ['task default', 'task docs:build', 'task lint']);
    assert.deepEqual(namesIn('Taskfile.yml', 'tasks: {}\n'), []);
  });

  it('are what the tools can do anyway', () => {
    assert.deepEqual(namesIn('go.mod', ''), ['go build ./...', 'go vet ./...', 'go test ./...']);
    assert.deepEqual(namesIn('pom.xml', '', 'mvnw')[0], './mvnw compile');
    assert.deepEqual(namesIn('build.gradle', '')[0], 'gradle build');
    assert.deepEqual(namesIn('Cargo.toml', '')[2], 'cargo test');
    assert.deepEqual(namesIn('pyproject.toml', '[tool.pytest.ini_options]'), ['pytest']);
    assert.deepEqual(namesIn('pyproject.toml', '[project]'), []);
    assert.deepEqual(namesIn('composer.json', '{"scripts": {"lint": "x", "post-install-cmd": "y"}}'), ['composer install', 'composer run-script lint']);
    assert.equal(toolFiles['go.mod']?.({ text: '', beside: () => false })[2]?.group, 'test');
  });
});
