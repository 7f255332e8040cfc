import { ImageInspectRequest, ImageListRequest, ImagePullRequest, ImageRemoveRequest } from '../protocol/methods.ts';
import { define, define0, operation } from './method.ts';
import type { Method } from './method.ts';
import { imageParams, imagePull, imageRemove } from './schemas.ts';

/** image/…: the content store. */
export const imageMethods: readonly Method[] = [
  define(
    ImagePullRequest,
    imagePull,
    ({ reference }, context) => context.services.images.pull(reference, operation(context)),
    ({ reference }) => `Pulling ${reference}`,
  ),

  define0(ImageListRequest, ({ services }) => services.images.list()),

  define(ImageInspectRequest, imageParams, ({ reference }, { services }) => services.images.inspect(reference)),

  define(ImageRemoveRequest, imageRemove, async ({ reference, ...options }, { services }) => {
    await services.images.remove(reference, options);
    return null;
  }),
];
