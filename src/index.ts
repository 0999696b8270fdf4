/** What `drydock.config.ts` imports. */
export { defineConfig } from './config/define.ts';
export type {
  DrydockConfig,
  FunctionName,
  GuardDeclaration,
  PrincipalDeclaration,
  PublicDeclaration,
  TenancyDeclaration,
  ValuePath,
} from './config/define.ts';
