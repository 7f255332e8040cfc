import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { referenceProblem } from '../views/format.ts';
import { suggestImages } from './suggestImages.ts';

const first = (...names: string[]): string | undefined => suggestImages(names)[0]?.image.split('/').pop()?.split(':')[0];

describe('images for a folder without a configuration', () => {
  it('suit what the folder holds', () => {
    const expected: Readonly<Record<string, string>> = {
      'package.json': 'node', 'go.mod': 'golang', 'Cargo.toml': 'rust', 'requirements.txt': 'python', 'requirements-dev.txt': 'python', 'pyproject.toml': 'python',
      'pom.xml': 'maven', 'build.gradle': 'gradle', 'build.gradle.kts': 'gradle', Gemfile: 'ruby', 'composer.json': 'composer', 'App.csproj': 'sdk', 'CMakeLists.txt': 'gcc',
    };
    for (const [name, image] of Object.entries(expected)) assert.equal(first('README.md', name), image, name);
  });

  it('are plain systems where it holds nothing that is known', () => {
    assert.deepEqual(suggestImages(['README.md', 'my-package.json.bak']).map(({ image }) => image.split(':')[0]), ['debian', 'ubuntu', 'alpine']);
  });

  it('say which file speaks for them, and come before the plain ones', () => {
    const suggestions = suggestImages(['package.json', 'go.mod']);
    assert.deepEqual([...new Set(suggestions.map(({ because }) => because))], ['package.json', 'go.mod', undefined]);
  });

  it('have names that an image can have, each once', () => {
    const all = suggestImages(['package.json', 'go.mod', 'Cargo.toml', 'setup.py', 'pom.xml', 'gradlew', 'Gemfile', 'composer.json', 'a.sln', 'mix.exs', 'Makefile']).map(({ image }) => image);
    assert.equal(new Set(all).size, all.length);
    for (const image of all) assert.equal(referenceProblem(image), undefined, image);
  });
});
