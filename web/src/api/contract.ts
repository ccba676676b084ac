/** The public interface: the types generated from the services' OpenAPI documents, under the names that screens use. */

import type * as auth from "./generated/auth";
import type * as inventory from "./generated/inventory";
import type * as monitor from "./generated/monitor";
import type * as provisioner from "./generated/provisioner";

export type paths = auth.paths & inventory.paths & monitor.paths & provisioner.paths;

type OfAuth = auth.components["schemas"];
export type Session = OfAuth["SignedInBody"];
/** What a session knows of its person. */
export type SignedInAccount = OfAuth["SignedInAccount"];
export type Account = OfAuth["AccountBody"];
export type AccountStatus = Account["status"];
export type Role = Account["role"];
export type OwnSession = OfAuth["OwnSession"];
export type RegistrationForm = OfAuth["RegistrationForm"];

type OfInventory = inventory.components["schemas"];
export type Pool = OfInventory["PoolAnswer"];
export type Machine = OfInventory["PoolMachine"];
/** All that operators see of a machine. */
export type MachineDetail = OfInventory["Machine"];
export type PoolCounts = OfInventory["PoolCounts"];
export type Policy = OfInventory["PolicyAnswer"];
export type PolicyRule = OfInventory["PolicyBody"];
export type MachineStatus = Machine["status"];
export type NewMachine = OfInventory["NewMachineBody"];
export type Drifted = OfInventory["Drifted"];
export type Cause = OfInventory["Cause"];
export type FailedRow = OfInventory["FailedRow"];
export type Settings = OfInventory["SettingsAnswer"];
export type SettingsChange = Partial<Omit<Settings, "vcenter_password_set">> & { vcenter_password?: string };
export type VcenterAccess = OfInventory["VcenterBody"];
export type VcenterTest = OfInventory["VcenterTest"];
export type VcenterItem = OfInventory["VcenterItem"];
export type VcenterImport = OfInventory["VsphereImport"];
export type VcenterClones = OfInventory["VsphereClones"];
export type Imported = OfInventory["ImportedMachines"];

type OfProvisioner = provisioner.components["schemas"];
export type Template = OfProvisioner["TemplateAnswer"];
export type TemplateVariable = OfProvisioner["VariableAnswer"];
export type Project = OfProvisioner["ProjectAnswer"];
export type ProjectStatus = Project["status"];
export type ProjectMachine = OfProvisioner["MachineAnswer"];
export type ProjectStep = OfProvisioner["StepAnswer"];
export type StepStatus = ProjectStep["status"];
export type ProjectFailure = OfProvisioner["FailureAnswer"];
export type HostFailure = OfProvisioner["HostFailure"];
export type HostResult = OfProvisioner["HostResult"];
export type Waiting = OfProvisioner["WaitingAnswer"];
export type Progress = OfProvisioner["ProgressAnswer"];
export type Drain = OfProvisioner["DrainAnswer"];
export type Quota = OfProvisioner["QuotaAnswer"];
export type CloudEvent = OfProvisioner["CloudEvent"];

type OfMonitor = monitor.components["schemas"];
export type MachineResources = OfMonitor["MachineResources"];
export type MachineHistory = OfMonitor["MachineHistory"];
export type Span = OfMonitor["Span"];
export type ActivityEntry = OfMonitor["ActivityEntry"];
export type ActivityPage = OfMonitor["ActivityPage"];

/** RFC 9457; `type` is a short stable slug, and some problems have fields of their own. */
export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  detail?: string;
  [field: string]: unknown;
}
