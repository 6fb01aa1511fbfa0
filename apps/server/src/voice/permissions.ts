import type { Role } from '@skerry/protocol';
import { RANK } from '../log/command-handler.ts';

/** Whether somebody may silence another, take them out of voice or move them: whoever is above them. SPEC V-6. */
export const mayModerate = (actor: Role, target: Role): boolean => actor === 'owner' || RANK[actor] > RANK[target];
