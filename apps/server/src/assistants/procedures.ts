import {
  addChatGroup,
  addChatMessage,
  addConversation,
  chatGroups,
  conversation,
  removeChatGroup,
  removeConversation,
  updateChatGroup,
} from './chat-rows.ts';
import { botOf, connectBot, disconnectBot } from './discord-rows.ts';
import { discordStatus, guildActions, statDays } from './guild-reads.ts';
import { guildOf, guildsOf } from './guild-rows.ts';
import { addGuild, removeGuild, updateGuild } from './guild-writes.ts';
import { knowledge } from './knowledge-reads.ts';
import { sealedSecrets } from './sealed-rows.ts';
import { modelOf, removeModel, setModel, spendTokens } from './model-rows.ts';
import {
  addRunner,
  assistantsVersion,
  removeRunner,
  runnerConfig,
  runnersFor,
  runnerSignIn,
  takeReports,
  tidyAssistants,
} from './runner-rows.ts';
import { addWebsite, dueWebsites, keepWebsite, removeWebsite, websiteSource, websitesOf } from './website-rows.ts';

export const ASSISTANT_WRITES = {
  'assistants.addGuild': addGuild,
  'assistants.updateGuild': updateGuild,
  'assistants.removeGuild': removeGuild,
  'assistants.addWebsite': addWebsite,
  'assistants.removeWebsite': removeWebsite,
  'assistants.keepWebsite': keepWebsite,
  'assistants.connectBot': connectBot,
  'assistants.disconnectBot': disconnectBot,
  'assistants.setModel': setModel,
  'assistants.removeModel': removeModel,
  'assistants.spendTokens': spendTokens,
  'assistants.addRunner': addRunner,
  'assistants.removeRunner': removeRunner,
  'assistants.runnerSignIn': runnerSignIn,
  'assistants.takeReports': takeReports,
  'assistants.addChatGroup': addChatGroup,
  'assistants.updateChatGroup': updateChatGroup,
  'assistants.removeChatGroup': removeChatGroup,
  'assistants.addConversation': addConversation,
  'assistants.removeConversation': removeConversation,
  'assistants.addChatMessage': addChatMessage,
  'assistants.tidy': tidyAssistants,
};

export const ASSISTANT_READS = {
  'assistants.guilds': guildsOf,
  'assistants.guild': guildOf,
  'assistants.status': discordStatus,
  'assistants.stats': statDays,
  'assistants.actions': guildActions,
  'assistants.websites': websitesOf,
  'assistants.websiteSource': websiteSource,
  'assistants.dueWebsites': dueWebsites,
  'assistants.bot': botOf,
  'assistants.model': modelOf,
  'assistants.sealed': sealedSecrets,
  'assistants.runners': runnersFor,
  'assistants.version': assistantsVersion,
  'assistants.runnerConfig': runnerConfig,
  'assistants.knowledge': knowledge,
  'assistants.chatGroups': chatGroups,
  'assistants.conversation': conversation,
};
