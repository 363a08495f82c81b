/** Written into every segment. A reader knows all versions up to its own and refuses later ones. */
export const formatVersion = 3;
