/** An image that suits a folder. */
export interface ImageSuggestion {
  readonly image: string;
  /** What it is for, in a few words. */
  readonly description: string;
  /** The file that speaks for it; absent: it suits every folder. */
  readonly because?: string;
}

interface Kind {
  /** Names in the folder's top level that tell that it is of this kind. */
  readonly signs: RegExp;
  readonly images: readonly (readonly [image: string, description: string])[];
}

const kinds: readonly Kind[] = [
  { signs: /^(package\.json|\.nvmrc|deno\.jsonc?)$/, images: [['node:24', 'Node.js 24 on Debian'], ['node:24-alpine', 'Node.js 24 on Alpine Linux, small']] },
  { signs: /^(pyproject\.toml|requirements.*\.txt|setup\.py|setup\.cfg|Pipfile|\.python-version|environment\.ya?ml|manage\.py)$/, images: [['python:3.13', 'Python 3.13 on Debian'], ['python:3.13-slim', 'Python 3.13 on Debian, small']] },
  { signs: /^(go\.mod|go\.work)$/, images: [['golang:1.25', 'Go 1.25 on Debian']] },
  { signs: /^(Cargo\.toml|rust-toolchain(\.toml)?)$/, images: [['rust:1', 'Rust on Debian']] },
  { signs: /^(pom\.xml|mvnw)$/, images: [['maven:3-eclipse-temurin-21', 'Java 21 with Maven']] },
  { signs: /^(build\.gradle|settings\.gradle|build\.gradle\.kts|settings\.gradle\.kts|gradlew)$/, images: [['gradle:8-jdk21', 'Java 21 with Gradle']] },
  { signs: /^(Gemfile|\.ruby-version|.+\.gemspec)$/, images: [['ruby:3.4', 'Ruby 3.4 on Debian']] },
  { signs: /^composer\.json$/, images: [['composer:2', 'PHP with Composer on Alpine Linux'], ['php:8.4-cli', 'PHP 8.4 on Debian']] },
  { signs: /^(.+\.(csproj|fsproj|vbproj|sln|slnx)|global\.json)$/, images: [['mcr.microsoft.com/dotnet/sdk:9.0', '.NET 9 on Debian']] },
  { signs: /^(mix\.exs)$/, images: [['elixir:1.18', 'Elixir 1.18 on Debian']] },
  { signs: /^(CMakeLists\.txt|Makefile|meson\.build|configure\.ac)$/, images: [['gcc:15', 'C and C++ on Debian']] },
];

const forEverything: readonly ImageSuggestion[] = [
  { image: 'debian:13', description: 'Debian' },
  { image: 'ubuntu:24.04', description: 'Ubuntu' },
  { image: 'alpine:3.22', description: 'Alpine Linux, small' },
];

/** Images that suit a folder with these names in its top level, the best first; those that suit every folder last. */
export function suggestImages(names: readonly string[]): ImageSuggestion[] {
  const special = kinds.flatMap(({ signs, images }) => {
    const because = names.find((name) => signs.test(name));
    return because === undefined ? [] : images.map(([image, description]) => ({ image, description, because }));
  });
  return [...special, ...forEverything];
}
