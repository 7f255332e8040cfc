import * as vscode from 'vscode';
import type { BerthClient } from '../../runtime-host/client/index.ts';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { ImageInfo } from '../../runtime-host/protocol/types.ts';
import { abortSignal } from '../cancellation.ts';
import type { Services } from '../context.ts';
import type { ErrorReporter } from '../errors.ts';
import { ProgressBar } from '../host/progress.ts';
import { inspectUri } from '../inspectDocuments.ts';
import type { ContainerTerminals } from '../terminals/containerTerminals.ts';
import { formatBytes, referenceProblem, shortImage } from '../views/format.ts';
import { ImageItem } from '../views/imageItems.ts';
import { runImage } from './runImage.ts';
import { confirmRemoval, itemsOf, pickOne } from './selection.ts';

/** What can be done with images. */
export class ImageCommands {
  readonly #services: Services;
  readonly #terminals: ContainerTerminals;
  readonly #errors: ErrorReporter;

  constructor(services: Services, terminals: ContainerTerminals, errors: ErrorReporter) {
    this.#terminals = terminals;
    this.#services = services;
    this.#errors = errors;
  }

  /** Asks for a name unless called with an image or a reference, and fetches the image. */
  async pull(argument: unknown): Promise<void> {
    const given = referenceOf(argument);
    const reference = given ?? (await askForReference({ title: 'Pull Image', value: '' }));
    if (reference === undefined) return;
    try {
      await this.#pull(reference);
    } catch (error) {
      this.#errors.report(error, {
        retry: () => this.pull(reference),
        chooseImage: () => vscode.commands.executeCommand('berth.pullImage'),
      });
    }
  }

  /** Fetches what the name means by now. */
  async pullAgain(argument: unknown): Promise<void> {
    const image = await this.#pick(argument, 'Pull which image again?');
    if (image) await this.pull(image.reference);
  }

  async run(argument: unknown): Promise<void> {
    const image = await this.#pick(argument, 'Run which image?');
    if (image) await runImage(this.#services, this.#terminals, image.reference);
  }

  async inspect(argument: unknown): Promise<void> {
    const image = await this.#pick(argument, 'Inspect which image?');
    if (image) await vscode.window.showTextDocument(inspectUri('image', shortImage(image.reference), image.reference), { preview: true });
  }

  async copyName(argument: unknown): Promise<void> {
    const image = await this.#pick(argument, 'Copy the name of which image?');
    if (image) await vscode.env.clipboard.writeText(image.reference);
  }

  async copyDigest(argument: unknown): Promise<void> {
    const image = await this.#pick(argument, 'Copy the digest of which image?');
    if (image) await vscode.env.clipboard.writeText(image.digest);
  }

  async remove(argument: unknown, selected: unknown): Promise<void> {
    const client = await this.#services.session.connect();
    const images = itemsOf(ImageItem, ({ image }) => image, argument, selected) ?? [await this.#pick(argument, 'Remove which image?')];
    const references = images.flatMap((image) => (image ? [image.reference] : []));
    if (references.length === 0) return;
    const detail = `${references.length === 1 ? 'It' : 'They'} can be pulled again later. Containers are not touched.`;
    if (!(await confirmRemoval({ one: 'image', many: 'images' }, references, detail))) return;
    for (const reference of references) await this.#remove(client, reference);
  }

  /** Containers keep the disk that they were made from, so one that uses the image is a reason to ask, not to refuse. */
  async #remove(client: BerthClient, reference: string): Promise<void> {
    try {
      await client.images.remove(reference);
    } catch (error) {
      if (!(error instanceof BerthError) || error.code !== 'ImageInUse') throw error;
      const answer = await vscode.window.showWarningMessage(
        `A container uses the image “${reference}”.`,
        { modal: true, detail: 'Containers that were made from it go on working; for new ones it must be pulled again.' },
        'Remove Anyway',
      );
      if (answer === 'Remove Anyway') await client.images.remove(reference, { force: true });
    }
  }

  async #pull(reference: string): Promise<void> {
    const client = await this.#services.session.connect();
    const image = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: `Pulling ${reference}`, cancellable: true },
      async (progress, token) => {
        const abort = abortSignal(token);
        try {
          return await client.images.pull(reference, { signal: abort.signal, progress: new ProgressBar(progress).share(0, 100) });
        } finally {
          abort.dispose();
        }
      },
    );
    this.#services.log.info(`Pulled ${image.reference} (${image.digest}).`);
    vscode.window.setStatusBarMessage(`$(check) Pulled ${image.reference}`, 5000);
  }

  async #pick(argument: unknown, placeHolder: string): Promise<ImageInfo | undefined> {
    if (argument instanceof ImageItem) return argument.image;
    await this.#services.session.connect();
    const { images } = this.#services.session;
    const named = images.find(({ reference }) => reference === argument);
    return named ?? pickOne(images.map((image) => ({ label: `$(package) ${image.reference}`, description: formatBytes(image.size), thing: image })), placeHolder, 'There is no local image.');
  }
}

/** Lets the user type a reference, and says at once what is wrong with it. */
export async function askForReference(options: { title: string; value: string; prompt?: string }): Promise<string | undefined> {
  const text = await vscode.window.showInputBox({
    ...options,
    prompt: options.prompt ?? 'The name of an image, with its registry and tag where needed.',
    placeHolder: 'debian:12 or registry.example:5000/team/app:1.2',
    ignoreFocusOut: true,
    validateInput: (value) => referenceProblem(value),
  });
  return text?.trim();
}

function referenceOf(argument: unknown): string | undefined {
  if (argument instanceof ImageItem) return argument.image.reference;
  return typeof argument === 'string' ? argument : undefined;
}
