import { argument, field, type ServiceSink } from './service.ts';

const jackson = '@boxyhq/saml-jackson';
const connections = 'jackson.sso_connection';
const directories = 'jackson.directory';
const scope = [field('tenant'), field('clientID'), field('clientId')];
const tenant = argument(0, 'tenant');
const workos = '@workos-inc/node';
const clerk = '@clerk/nextjs';

/** Providers of identity: single sign-on connections, directories, organisations and users of every customer. */
export const identitySinks: readonly ServiceSink[] = [
  {
    library: jackson,
    callee: /\.(?:connectionAPIController|apiController|connections?)\.(?:getConnections|getConfig)$/,
    table: connections,
    operation: 'read',
    chosenBy: scope,
    answers: 'many',
  },
  {
    library: jackson,
    callee: /\.(?:connectionAPIController|apiController|connections?)\.update(?:SAML|OIDC)?Connection$/,
    table: connections,
    operation: 'update',
    chosenBy: scope,
  },
  {
    library: jackson,
    callee: /\.(?:connectionAPIController|apiController|connections?)\.delete(?:Connections|Config)$/,
    table: connections,
    operation: 'delete',
    chosenBy: scope,
  },
  {
    library: jackson,
    callee: /\.directories\.(?:get)$/,
    table: directories,
    operation: 'read',
    chosenBy: [argument(0)],
    answers: 'one',
  },
  {
    library: jackson,
    callee: /\.directories\.getByTenantAndProduct$/,
    table: directories,
    operation: 'read',
    chosenBy: [tenant],
    answers: 'one',
  },
  {
    library: jackson,
    callee: /\.directories\.update$/,
    table: directories,
    operation: 'update',
    chosenBy: [argument(0)],
  },
  {
    library: jackson,
    callee: /\.directories\.delete$/,
    table: directories,
    operation: 'delete',
    chosenBy: [argument(0)],
  },
  {
    library: workos,
    callee: /\.(?:organizations|sso|directorySync|userManagement)\.(?:get|list)[A-Z]\w*$/,
    table: 'workos.account',
    operation: 'read',
    chosenBy: [argument(0), field('organizationId'), field('organization'), field('directory'), field('userId')],
    answers: 'one',
  },
  {
    library: workos,
    callee: /\.(?:organizations|sso|directorySync|userManagement)\.(?:update|deactivate|reactivate)[A-Z]\w*$/,
    table: 'workos.account',
    operation: 'update',
    chosenBy: [argument(0), field('organizationId'), field('organization'), field('userId')],
  },
  {
    library: workos,
    callee: /\.(?:organizations|sso|directorySync|userManagement)\.(?:delete|revoke)[A-Z]\w*$/,
    table: 'workos.account',
    operation: 'delete',
    chosenBy: [argument(0)],
  },
  {
    library: clerk,
    callee: /\.organizations\.(?:getOrganization|getOrganizationMembershipList|getOrganizationInvitationList)$/,
    table: 'clerk.organization',
    operation: 'read',
    chosenBy: [field('organizationId')],
    answers: 'one',
  },
  {
    library: clerk,
    callee: /\.organizations\.(?:updateOrganization(?:Metadata)?|deleteOrganization)$/,
    table: 'clerk.organization',
    operation: 'update',
    chosenBy: [argument(0)],
  },
  {
    library: clerk,
    callee: /\.organizations\.(?:create|update|delete|revoke)Organization(?:Membership|Invitation)\w*$/,
    table: 'clerk.organization',
    operation: 'update',
    chosenBy: [field('organizationId')],
  },
];
