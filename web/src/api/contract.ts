/** The public interface: types generated from the services' OpenAPI documents, under the names that screens use. */

import type * as monitor from "./generated/monitor";

export type Role = "admin" | "user" | "viewer";
export type AccountStatus = "pending" | "active" | "suspended";
export type MachineStatus =
  | "available"
  | "provisioning"
  | "assigned"
  | "recycling"
  | "quarantined"
  | "maintenance"
  | "retired";
export type ProjectStatus =
  | "requested"
  | "configuring"
  | "completed"
  | "failed"
  | "cancelled"
  | "deleting"
  | "deleted"
  | "rejected";
export type StepStatus = "pending" | "running" | "succeeded" | "failed" | "cancelled";

export interface Account {
  id: string;
  username: string;
  full_name?: string;
  email?: string;
  role: Role;
  status: AccountStatus;
  machine_quota?: number;
  created_at?: string;
}

export interface Session {
  access_token: string;
  token_type: string;
  expires_in: number;
  account: Account;
}

export interface Template {
  id: string;
  title: string;
  description: string;
  roles: { name: string; count: number }[];
  steps: { number: number; name: string }[];
}

export interface ProjectMachine {
  id: string;
  name: string;
  address: string;
  role: string;
}

export interface ProjectStep {
  number: number;
  name: string;
  status: StepStatus;
  attempt: number;
  started_at: string | null;
  finished_at: string | null;
}

export interface HostFailure {
  vm: string;
  task: string;
  reason: string;
  unreachable: boolean;
}

export interface ProjectFailure {
  reason: string;
  detail: string;
  step: number | null;
  failures: HostFailure[];
}

export interface Project {
  id: string;
  name: string;
  owner: string;
  template: string;
  packages: string[];
  status: ProjectStatus;
  vms: ProjectMachine[];
  steps: ProjectStep[];
  created_at: string;
  lease_expires_at: string | null;
  failure: ProjectFailure | null;
}

export interface CloudEvent {
  id: string;
  source: string;
  type: string;
  subject: string;
  time: string;
  actor: string;
  data: Record<string, unknown>;
}

export interface Machine {
  id: string;
  name: string;
  address: string;
  status: MachineStatus;
  provider: string;
  project_id: string | null;
  owner: string | null;
  role: string | null;
  reason: string | null;
  labels: Record<string, string>;
}

export interface Pool {
  counts: Partial<Record<MachineStatus, number>>;
  vms: Machine[];
  maintenance?: { enabled: boolean; message: string };
}

export type MachineResources = monitor.components["schemas"]["MachineResources"];
export type MachineHistory = monitor.components["schemas"]["MachineHistory"];
export type Span = monitor.components["schemas"]["Span"];
export type ActivityEntry = monitor.components["schemas"]["ActivityEntry"];

export interface Settings {
  vcenter_host: string;
  vcenter_username: string;
  vcenter_password_set?: boolean;
  vcenter_datacenter: string;
  esxi_host: string;
  prometheus_url: string;
  maintenance_mode: boolean;
  maintenance_message: string;
}

interface Answer<Body> {
  headers: Record<string, unknown>;
  content: { "application/json": Body };
}
interface Problems {
  default: { headers: Record<string, unknown>; content: { "application/problem+json": ProblemDocument } };
}
interface Parameters<Path = undefined, Query = undefined> {
  query?: Query;
  header?: { "Idempotency-Key"?: string };
  path: Path;
  cookie?: undefined;
}
type Call<Body, Result, Path = undefined, Query = undefined> = {
  parameters: Path extends undefined
    ? { query?: Query; header?: { "Idempotency-Key"?: string }; path?: undefined; cookie?: undefined }
    : Parameters<Path, Query>;
  responses: { 200: Answer<Result> } & Problems;
} & (Body extends undefined ? { requestBody?: never } : { requestBody: { content: { "application/json": Body } } });

export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  detail?: string;
  [field: string]: unknown;
}

type ById<Verb extends string, Body, Result> = Record<Verb, Call<Body, Result, { id: string }>>;
type Nothing = Record<string, never>;

export interface paths extends monitor.paths {
  "/api/register": {
    post: Call<{ username: string; password: string; full_name: string; email: string }, Account>;
  };
  "/api/login": { post: Call<{ username: string; password: string }, Session> };
  "/api/token/refresh": { post: Call<undefined, Session> };
  "/api/token/revoke": { post: Call<undefined, Nothing> };
  "/api/ws-ticket": { post: Call<{ target: string }, { ticket: string; expires_in: number }> };
  "/api/admin/accounts": {
    get: Call<undefined, { accounts: Account[]; next_cursor?: string | null }, undefined, { limit?: number; cursor?: string }>;
  };
  "/api/admin/accounts/{id}/approve": ById<"post", undefined, Account>;
  "/api/admin/accounts/{id}/suspend": ById<"post", undefined, Account>;
  "/api/admin/accounts/{id}/reactivate": ById<"post", undefined, Account>;
  "/api/templates": { get: Call<undefined, { templates: Template[] }> };
  "/api/provision": {
    post: Call<
      { name: string; template: string; packages: string[]; lease_days?: number },
      { project_id: string; status: ProjectStatus; vms: ProjectMachine[] }
    >;
  };
  "/api/projects": {
    get: Call<undefined, { projects: Project[]; next_cursor?: string | null }, undefined, { limit?: number; cursor?: string }>;
  };
  "/api/projects/{id}": ById<"get", undefined, Project> & ById<"delete", undefined, Nothing>;
  "/api/projects/{id}/cancel": ById<"post", undefined, Nothing>;
  "/api/projects/{id}/retry": ById<"post", undefined, Nothing>;
  "/api/projects/{id}/lease": ById<"patch", { lease_days: number }, Nothing>;
  "/api/projects/{id}/events": ById<"get", undefined, { events: CloudEvent[] }>;
  "/api/projects/{id}/logs": ById<"get", undefined, string>;
  "/api/pool": { get: Call<undefined, Pool> };
  "/api/vms": {
    post: Call<
      {
        name: string;
        address: string;
        ssh_port?: number;
        ssh_user?: string;
        credential?: string;
        labels?: Record<string, string>;
      },
      Machine
    >;
  };
  "/api/vms/import": { post: Call<{ provider: string; count?: number }, { vms: Machine[] }> };
  "/api/vms/{id}": ById<"delete", undefined, Nothing>;
  "/api/vms/{id}/maintenance": ById<"post", { reason: string }, Machine>;
  "/api/vms/{id}/return": ById<"post", undefined, Machine>;
  "/api/vms/{id}/recycle": ById<"post", undefined, Machine>;
  "/api/vms/{id}/release-quarantine": ById<"post", undefined, Machine>;
  "/api/admin/settings": {
    get: Call<undefined, Settings>;
    put: Call<Partial<Settings> & { vcenter_password?: string }, Settings>;
  };
  "/api/admin/reset": { post: Call<{ confirm: string; password: string }, Nothing> };
}
