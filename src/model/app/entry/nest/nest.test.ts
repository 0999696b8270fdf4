import { describe, expect, test } from 'vitest';
import { imports, show, traceApp } from '../../fixtures/inline-app.ts';
import { tracePrisma } from '../../fixtures/prisma-app.ts';

const common = `import { Body, CanActivate, Controller, createParamDecorator, Delete, ExecutionContext, Get, Inject, Injectable, Module, Param, Post, Query, Req, SetMetadata, UnauthorizedException, UseGuards, applyDecorators } from '@nestjs/common';`;

const base = {
  'app/page.tsx': 'export default function Page() { return null; }',
  'api/session.guard.ts': `${common} import { Reflector } from '@nestjs/core'; import { auth } from '@/lib/auth';
    export const OPEN = 'open'; export const Open = () => SetMetadata(OPEN, true);
    @Injectable() export class SessionGuard implements CanActivate {
      constructor(private readonly reflector: Reflector) {}
      async canActivate(context: ExecutionContext) {
        if (this.reflector.getAllAndOverride<boolean>(OPEN, [context.getHandler(), context.getClass()])) return true;
        const request = context.switchToHttp().getRequest();
        const session = await auth.api.getSession({ headers: request.headers });
        if (!session) throw new UnauthorizedException();
        request.user = { id: session.user.id, teamId: session.session.activeOrganizationId };
        return true;
      }
    }
    export const CurrentUser = createParamDecorator((key: string | undefined, context: ExecutionContext) => { const request = context.switchToHttp().getRequest(); return key ? request.user?.[key] : request.user; });`,
  'api/notes.service.ts': `${imports} import { Injectable } from '@nestjs/common';
    @Injectable() export class NotesService {
      one(id: string, teamId: string) { return db.select().from(notes).where(and(eq(notes.id, id), eq(notes.teamId, teamId))); }
      loose(id: string) { return db.select().from(notes).where(eq(notes.id, id)); }
      some(id?: string, teamId?: string) { return db.select().from(notes).where(and(id ? eq(notes.id, id) : undefined, teamId ? eq(notes.teamId, teamId) : undefined)); }
      every() { return db.select().from(notes); }
    }`,
};

function traced(code: string, more: Readonly<Record<string, string>> = {}): readonly string[] {
  const app = traceApp({
    ...base,
    'api/notes.controller.ts': `${common} import { NotesService } from './notes.service'; import { CurrentUser, Open, SessionGuard } from './session.guard'; ${code}`,
    ...more,
  });
  return app.queries
    .filter(path => path.query.table === 'notes')
    .map(path => `${path.entryPoint.name} ${path.principal}: ${show(path.query.where)}`)
    .toSorted();
}

describe('NestJS', () => {
  test('methods of controllers are entry points; what a guard writes onto the request belongs to the session', () => {
    expect(
      traced(`@Controller('notes') @UseGuards(SessionGuard) export class NotesController {
        constructor(private readonly notes: NotesService) {}
        @Get(':id') one(@Param('id') id: string, @CurrentUser() user: User) { return this.notes.one(id, user.teamId); }
        @Get('by-request/:id') byRequest(@Param() params: Params, @Req() request: Request) { return this.notes.one(params.id, request.user.teamId); }
        @Delete(':id') loose(@Param('id') id: string, @CurrentUser('teamId') teamId: string) { return this.notes.loose(id); }
        @Post() given(@Body() body: { id: string; teamId: string }) { return this.notes.one(body.id, body.teamId); }
        helper() { return this.notes.every(); }
      }`),
    ).toEqual([
      'DELETE /notes/:id member: self.id = client params.id',
      'GET /notes/:id member: (self.id = client params.id and self.team_id = ‹tenant.id›)',
      'GET /notes/by-request/:id member: (self.id = client params.id and self.team_id = ‹tenant.id›)',
      'POST /notes member: (self.id = client body.id and self.team_id = client body.teamId)',
    ]);
  });

  test('a guard of the whole app guards all but what is left open; without one nobody is known', () => {
    const controller = `@Controller('notes') export class NotesController {
      constructor(private readonly notes: NotesService) {}
      @Get() every() { return this.notes.every(); }
      @Open() @Get('open') open() { return this.notes.every(); }
    }`;
    expect(traced(controller)).toEqual(['GET /notes anonymous: true', 'GET /notes/open anonymous: true']);
    expect(
      traced(controller, {
        'api/app.module.ts': `${common} import { APP_GUARD } from '@nestjs/core'; import { SessionGuard } from './session.guard'; import { NotesController } from './notes.controller';
          @Module({ controllers: [NotesController], providers: [{ provide: APP_GUARD, useClass: SessionGuard }] }) export class AppModule {}`,
        'api/main.ts': `import { NestFactory } from '@nestjs/core'; import { AppModule } from './app.module'; async function bootstrap() { const app = await NestFactory.create(AppModule); app.setGlobalPrefix('api'); await app.listen(3000); } bootstrap();`,
      }),
    ).toEqual(['GET /api/notes member: true', 'GET /api/notes/open anonymous: true']);
  });

  test('a guard that only decodes a token lets the caller say who they are', () => {
    const guarded = (read: string): readonly string[] =>
      traced(`import { decode, verify } from 'jsonwebtoken';
        @Injectable() class TokenGuard implements CanActivate { canActivate(context: ExecutionContext) { const request = context.switchToHttp().getRequest(); request.user = ${read}; return Boolean(request.user); } }
        @Controller('notes') export class NotesController {
          constructor(private readonly notes: NotesService) {}
          @UseGuards(TokenGuard) @Get(':id') one(@Param('id') id: string, @Req() request: Request) { return this.notes.one(id, request.user.teamId); }
        }`);
    expect(guarded('decode(request.headers.authorization)')).toEqual([
      'GET /notes/:id anonymous: (self.id = client params.id and self.team_id = client token.teamId)',
    ]);
    expect(guarded('verify(request.headers.authorization, process.env.SECRET)')).toEqual([
      'GET /notes/:id member: (self.id = client params.id and self.team_id = ‹tenant.id›)',
    ]);
  });

  test('guards of Passport, extended by the app’s own: what is open is open, what is optional may be nobody', () => {
    const passport = {
      'package.json': JSON.stringify({
        name: 'notes',
        dependencies: { next: '16', '@nestjs/core': '11', '@nestjs/passport': '11' },
      }),
    };
    const controller = `@Controller('notes') @UseGuards(JwtGuard) export class NotesController {
      constructor(private readonly notes: NotesService) {}
      @Get(':id') one(@Param('id') id: string, @CurrentUser() user: User) { return this.notes.one(id, user.teamId); }
      @Open() @Get() open() { return this.notes.every(); }
    }`;
    const start = `import { AuthGuard } from '@nestjs/passport'; import { Reflector } from '@nestjs/core';`;
    expect(
      traced(
        `${start} @Injectable() class JwtGuard extends AuthGuard('jwt') {
          constructor(private reflector: Reflector) { super(); }
          canActivate(context: ExecutionContext) { if (this.reflector.get('open', context.getHandler())) return true; return super.canActivate(context); }
        } ${controller}`,
        passport,
      ),
    ).toEqual([
      'GET /notes anonymous: true',
      'GET /notes/:id member: (self.id = client params.id and self.team_id = ‹tenant.id›)',
    ]);
    expect(
      traced(
        `${start} @Injectable() class JwtGuard extends AuthGuard('jwt') { handleRequest(error, user) { return user || null; } }
        @Controller('notes') export class NotesController { constructor(private readonly notes: NotesService) {} @UseGuards(JwtGuard) @Get() every() { return this.notes.every(); }
          @UseGuards(AuthGuard('jwt')) @Get('own') own(@Req() request: Request) { return this.notes.one('a', request.user.teamId); } }`,
        passport,
      ),
    ).toEqual(['GET /notes anonymous: true', 'GET /notes/own member: (self.id = "a" and self.team_id = ‹tenant.id›)']);
  });

  test('interceptors run around the method, those of the app first; what they write onto the request is there', () => {
    const interceptor = (
      from: string,
    ): string => `import { CallHandler, NestInterceptor, UseInterceptors } from '@nestjs/common';
      @Injectable() class TeamInterceptor implements NestInterceptor {
        intercept(context: ExecutionContext, next: CallHandler) { const request = context.switchToHttp().getRequest(); request.teamId = ${from}; return next.handle().pipe(tap(() => undefined)); }
      }`;
    const method = `@Get(':id') one(@Param('id') id: string, @Req() request: Request) { return this.notes.one(id, request.teamId); }`;
    const bound = (from: string, above: string): readonly string[] =>
      traced(
        `${interceptor(from)} @Controller('notes') @UseGuards(SessionGuard) ${above} export class NotesController { constructor(private readonly notes: NotesService) {} ${method} }`,
      );
    const own = ['GET /notes/:id member: (self.id = client params.id and self.team_id = ‹tenant.id›)'];
    expect(bound('request.user.teamId', '@UseInterceptors(TeamInterceptor)')).toEqual(own);
    expect(bound(`request.headers['x-team']`, '@UseInterceptors(new TeamInterceptor())')).toEqual([
      'GET /notes/:id member: (self.id = client params.id and self.team_id = client header.x-team)',
    ]);
    const global = `${interceptor('request.user.teamId')} import { APP_INTERCEPTOR } from '@nestjs/core';
      @Module({ providers: [{ provide: APP_INTERCEPTOR, useClass: TeamInterceptor }] }) export class AppModule {}
      @Controller('notes') @UseGuards(SessionGuard) export class NotesController { constructor(private readonly notes: NotesService) {} ${method} }`;
    expect(traced(global)).toEqual(own);
    expect(
      traced(
        global.replace(
          'return next.handle()',
          'if (!request.user) throw new UnauthorizedException(); return next.handle()',
        ),
      ),
    ).toEqual(own);
  });

  test('services that are made for a request hold it, as its guards left it', () => {
    const service = (team: string): Readonly<Record<string, string>> => ({
      'api/team.service.ts': `${common} import { REQUEST } from '@nestjs/core'; import { NotesService } from './notes.service';
        @Injectable({ scope: Scope.REQUEST }) export class TeamNotes { constructor(@Inject(REQUEST) private readonly request: Request, private readonly notes: NotesService) {}
          one(id: string) { return this.notes.one(id, ${team}); } }`,
    });
    const controller = `import { TeamNotes } from './team.service';
      @Controller('notes') export class NotesController { constructor(private readonly notes: TeamNotes) {}
        @Get('open/:id') open(@Param('id') id: string) { return this.notes.one(id); }
        @UseGuards(SessionGuard) @Get(':id') one(@Param('id') id: string) { return this.notes.one(id); } }`;
    expect(traced(controller, service('this.request.user?.teamId'))).toContain(
      'GET /notes/:id member: (self.id = client params.id and self.team_id = ‹tenant.id›)',
    );
    expect(traced(controller, service(`this.request.headers['x-team']`))).toEqual([
      'GET /notes/:id member: (self.id = client params.id and self.team_id = client header.x-team)',
      'GET /notes/open/:id anonymous: (self.id = client params.id and self.team_id = client header.x-team)',
    ]);
  });

  test('what the app’s own strategy makes of a verified token is the user', () => {
    const passport = (validate: string): readonly string[] =>
      traced(
        `import { AuthGuard, PassportStrategy } from '@nestjs/passport'; import { ExtractJwt, Strategy } from 'passport-jwt'; import { db } from '@/lib/db'; import { members } from '@/lib/schema'; import { eq } from 'drizzle-orm';
        @Injectable() export class TokenStrategy extends PassportStrategy(Strategy, 'token') { constructor() { super({ secretOrKey: process.env.SECRET, passReqToCallback: true }); } ${validate} }
        @Controller('notes') export class NotesController { constructor(private readonly notes: NotesService) {}
          @UseGuards(AuthGuard('token')) @Get(':id') one(@Param('id') id: string, @Req() request: Request) { return this.notes.one(id, request.user.crew); } }`,
        {
          'package.json': JSON.stringify({
            name: 'notes',
            dependencies: { next: '16', '@nestjs/core': '11', '@nestjs/passport': '11', 'passport-jwt': '4' },
          }),
        },
      );
    const where = (team: string): readonly string[] => [
      `GET /notes/:id member: (self.id = client params.id and self.team_id = ${team})`,
    ];
    expect(
      passport(`async validate(request: Request, payload: any) { return { id: payload.sub, crew: payload.crewId }; }`),
    ).toEqual(where('‹token.crewId›'));
    expect(
      passport(
        `async validate(request: Request, payload: any) { return { id: payload.sub, crew: request.headers['x-crew'] }; }`,
      ),
    ).toEqual(where('client header.x-crew'));
    expect(
      passport(
        `async validate(request: Request, payload: any) { const [member] = await db.select().from(members).where(eq(members.userId, payload.sub)); if (!member) throw new UnauthorizedException(); return { id: payload.sub, crew: member.teamId }; }`,
      ),
    ).toEqual(where('members.team_id'));
  });

  test('what is set in the store of a request is there for the rest of it', () => {
    const stored = (team: string): readonly string[] =>
      traced(`import { ClsService } from 'nestjs-cls';
        @Injectable() class TeamGuard implements CanActivate { constructor(private readonly store: ClsService) {} canActivate(context: ExecutionContext) { const request = context.switchToHttp().getRequest(); this.store.set('team', ${team}); return true; } }
        @Controller('notes') @UseGuards(SessionGuard, TeamGuard) export class NotesController { constructor(private readonly notes: NotesService, private readonly store: ClsService) {}
          @Get(':id') one(@Param('id') id: string) { return this.notes.one(id, this.store.get('team')); } }`);
    expect(stored('request.user.teamId')).toEqual([
      'GET /notes/:id member: (self.id = client params.id and self.team_id = ‹tenant.id›)',
    ]);
    expect(stored('request.query.team')).toEqual([
      'GET /notes/:id member: (self.id = client params.id and self.team_id = client query.team)',
    ]);
  });

  test('an access that a guard checks in the database holds in the handler', () => {
    const app = traceApp({
      ...base,
      'api/teams.controller.ts': `${imports} ${common} import { SessionGuard } from './session.guard';
        @Injectable() class MemberGuard implements CanActivate { async canActivate(context: ExecutionContext) { const request = context.switchToHttp().getRequest(); return isMember(request.user.id, request.params.teamId); } }
        const Member = () => applyDecorators(UseGuards(SessionGuard, MemberGuard));
        @Controller('teams/:teamId/notes') export class TeamsController {
          @Member() @Get() list(@Param('teamId') teamId: string) { return db.select().from(notes).where(eq(notes.teamId, teamId)); }
          @UseGuards(SessionGuard) @Get('loose') loose(@Param('teamId') teamId: string) { return db.select().from(notes).where(eq(notes.teamId, teamId)); }
        }`,
    });
    const facts = app.queries
      .filter(path => path.query.table === 'notes')
      .map(
        path =>
          `${path.entryPoint.name} ${path.facts.some(fact => fact.holds.kind === 'row' && fact.holds.row.table === 'members')}`,
      );
    expect(facts.toSorted()).toEqual(['GET /teams/:teamId/notes true', 'GET /teams/:teamId/notes/loose false']);
  });

  test('what modules provide under a token is injected', () => {
    expect(
      traced('', {
        'api/app.module.ts': `${common} import { db } from '@/lib/db'; export const DATABASE = 'database'; import { TokenController } from './token.controller';
          @Module({ controllers: [TokenController], providers: [{ provide: DATABASE, useFactory: () => db }] }) export class AppModule {}`,
        'api/token.controller.ts': `${common} import { notes } from '@/lib/schema'; import { DATABASE } from './app.module';
          @Controller('tokens') export class TokenController { constructor(@Inject(DATABASE) private readonly database: Database) {} @Get() every() { return this.database.select().from(notes); } }`,
      }),
    ).toEqual(['GET /tokens anonymous: true']);
  });

  test('middleware that a module configures runs before the guards', () => {
    expect(
      traced(
        `@Controller('notes') export class NotesController { constructor(private readonly notes: NotesService) {} @Get(':id') one(@Param('id') id: string, @Req() request: Request) { return this.notes.one(id, request.teamId); } @Get('open/all') open() { return this.notes.every(); } }`,
        {
          'api/app.module.ts': `${common} import { NotesController } from './notes.controller'; import { auth } from '@/lib/auth';
            @Injectable() export class SessionMiddleware { async use(req, res, next) { const session = await auth.api.getSession({ headers: req.headers }); if (!session) throw new UnauthorizedException(); req.teamId = session.session.activeOrganizationId; next(); } }
            @Module({ controllers: [NotesController] }) export class AppModule { configure(consumer) { consumer.apply(SessionMiddleware).exclude('notes/open/all').forRoutes(NotesController); } }`,
        },
      ),
    ).toEqual([
      'GET /notes/:id member: (self.id = client params.id and self.team_id = ‹tenant.id›)',
      'GET /notes/open/all anonymous: true',
    ]);
  });

  test('resolvers, schedules and messages are entry points of their kind', () => {
    expect(
      traced(`import { Args, Context, GqlExecutionContext, Mutation, Resolver } from '@nestjs/graphql'; import { Query as Field } from '@nestjs/graphql'; import { Cron } from '@nestjs/schedule'; import { EventPattern, Payload } from '@nestjs/microservices'; import { auth } from '@/lib/auth';
        @Injectable() class GqlGuard implements CanActivate { async canActivate(context: ExecutionContext) { const request = GqlExecutionContext.create(context).getContext().req; const session = await auth.api.getSession({ headers: request.headers }); if (!session) return false; request.user = { teamId: session.session.activeOrganizationId }; return true; } }
        @Resolver() export class NotesResolver {
          constructor(private readonly notes: NotesService) {}
          @Field() note(@Args('id') id: string) { return this.notes.loose(id); }
          @UseGuards(GqlGuard) @Mutation() own(@Args('id') id: string, @Context() context: Context) { return this.notes.one(id, context.req.user.teamId); }
          @Cron('0 0 * * *') nightly() { return this.notes.every(); }
          @EventPattern('note.old') old(@Payload('id') id: string) { return this.notes.loose(id); }
        }`),
    ).toEqual([
      'cron nightly system: true',
      'graphql note anonymous: self.id = client args.id',
      'graphql own member: (self.id = client args.id and self.team_id = ‹tenant.id›)',
      'job note.old system: self.id = event event.data.id',
    ]);
  });

  test('fields of a class that is validated are there', () => {
    expect(
      traced(
        `import { IsOptional, IsString } from 'class-validator'; class Wanted { @IsString() id: string; @IsOptional() @IsString() teamId?: string; }
        @Controller('notes') export class NotesController { constructor(private readonly notes: NotesService) {} @Post() one(@Body() body: Wanted) { return this.notes.some(body.id, body.teamId); } }`,
        {
          'api/main.ts': `import { ValidationPipe } from '@nestjs/common'; export const pipe = new ValidationPipe({ whitelist: true });`,
        },
      ),
    ).toEqual(['POST /notes anonymous: (self.id = client body.id and maybe self.team_id = client body.teamId)']);
  });

  test('a service that extends the client of the database is that client, for services that extend others too', () => {
    const app = tracePrisma({
      ...base,
      'api/prisma.service.ts': `import { Injectable, OnModuleInit } from '@nestjs/common'; import { PrismaClient } from '@prisma/client';
        @Injectable() export class PrismaService extends PrismaClient implements OnModuleInit { constructor() { super({ log: [] }); } async onModuleInit() { await this.$connect(); } }`,
      'api/base.service.ts': `import { PrismaService } from './prisma.service'; export abstract class Base { constructor(protected readonly prisma: PrismaService) {} every() { return this.prisma.document.findMany(); } }`,
      'api/documents.ts': `import { Controller, Get, Injectable, Param } from '@nestjs/common'; import { PrismaService } from './prisma.service'; import { Base } from './base.service';
        @Injectable() export class Documents extends Base { constructor(prisma: PrismaService) { super(prisma); } one(id: string) { return this.prisma.$transaction(async tx => tx.document.findUnique({ where: { id } })); } }
        @Controller({ path: 'documents', version: '1' }) export class DocumentsController { constructor(private readonly documents: Documents) {} @Get(':id') one(@Param('id') id: string) { return this.documents.one(id); } @Get() every() { return this.documents.every(); } }`,
    });
    expect(app.queries.map(path => `${path.entryPoint.name}: ${show(path.query.where)}`).toSorted()).toEqual([
      'GET /documents/:id: self.id = client params.id',
      'GET /documents: true',
    ]);
  });
});
