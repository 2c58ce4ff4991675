// @ts-nocheck
// SPDX-License-Identifier: Apache-2.0
// Generated from policies/schema.json by scripts/generate-shape.ts; do not edit.
import { formats } from './formats.ts'
export const RuntimePolicy = validate73;
const schema12 = {"type":"object","additionalProperties":false,"required":["apiVersion","kind","metadata","spec"],"properties":{"apiVersion":{"$ref":"#/$defs/ApiVersion"},"kind":{"const":"RuntimePolicy"},"metadata":{"$ref":"#/$defs/Metadata"},"spec":{"$ref":"#/$defs/RuntimeSpec"},"status":{"$ref":"#/$defs/RuntimeStatus"}}};
const schema13 = {"const":"underpin.dev/v1alpha1"};
const schema14 = {"type":"object","additionalProperties":false,"required":["name"],"properties":{"name":{"type":"string","format":"object-name"},"namespace":{"type":"string","format":"label-name"},"labels":{"type":"object","additionalProperties":{"type":"string"}},"annotations":{"type":"object","additionalProperties":{"type":"string"}},"generateName":{"type":"string"},"uid":{"type":"string"},"resourceVersion":{"type":"string"},"generation":{"type":"integer"},"selfLink":{"type":"string"},"creationTimestamp":{"type":["string","null"]},"deletionTimestamp":{"type":"string"},"deletionGracePeriodSeconds":{"type":"integer"},"finalizers":{"type":"array","items":{"type":"string"}},"ownerReferences":{"type":"array","items":{"type":"object"}},"managedFields":{"type":"array","items":{"type":"object"}}}};
const func0 = Object.prototype.hasOwnProperty;
const formats0 = formats["object-name"];
const formats2 = formats["label-name"];
const schema15 = {"type":"object","additionalProperties":false,"properties":{"mode":{"$ref":"#/$defs/Mode"},"select":{"$ref":"#/$defs/PodSelection"},"code":{"$ref":"#/$defs/Code"},"anonymousCode":{"$ref":"#/$defs/AnonymousCode"},"processes":{"type":"array","maxItems":1000,"items":{"$ref":"#/$defs/Process"}},"deny":{"type":"array","maxItems":1000,"items":{"$ref":"#/$defs/DenyRule"}}}};
const schema16 = {"enum":["audit","enforce"],"default":"audit"};
const schema22 = {"enum":["any","image"],"default":"any"};
const schema23 = {"enum":["allow","deny"],"default":"allow"};
const schema17 = {"type":"object","additionalProperties":false,"properties":{"pods":{"$ref":"#/$defs/LabelSelector"},"containers":{"$ref":"#/$defs/ContainerNames"},"expression":{"$ref":"#/$defs/SelectExpression"}}};
const schema20 = {"type":"array","minItems":1,"maxItems":100,"items":{"type":"string","format":"label-name"}};
const schema21 = {"type":"string","format":"selection-expression"};
const schema18 = {"type":"object","additionalProperties":false,"properties":{"matchLabels":{"type":"object","additionalProperties":{"type":"string","format":"label-value"},"propertyNames":{"format":"label-key"}},"matchExpressions":{"type":"array","maxItems":1000,"items":{"$ref":"#/$defs/LabelRequirement"}}}};
const schema19 = {"type":"object","additionalProperties":false,"required":["key","operator"],"properties":{"key":{"type":"string","format":"label-key"},"operator":{"enum":["In","NotIn","Exists","DoesNotExist"]},"values":{"type":"array","maxItems":1000,"items":{"type":"string","format":"label-value"}}}};
const formats4 = formats["label-key"];
const formats6 = formats["label-value"];

function validate14(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
for(const key0 of Object.keys(data)){
if(!((key0 === "matchLabels") || (key0 === "matchExpressions"))){
const err0 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties",schema:false,parentSchema:schema18,data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
}
if(data.matchLabels !== undefined && func0.call(data, "matchLabels")){
let data0 = data.matchLabels;
if(data0 && typeof data0 == "object" && !Array.isArray(data0)){
for(const key1 of Object.keys(data0)){
const _errs4 = errors;
if(typeof key1 === "string"){
if(!(formats4.validate(key1))){
const err1 = {instancePath:instancePath+"/matchLabels",schemaPath:"#/properties/matchLabels/propertyNames/format",keyword:"format",params:{format: "label-key"},message:"must match format \""+"label-key"+"\"",schema:"label-key",parentSchema:schema18.properties.matchLabels.propertyNames,data:key1,propertyName:key1};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
}
var valid1 = _errs4 === errors;
if(!valid1){
const err2 = {instancePath:instancePath+"/matchLabels",schemaPath:"#/properties/matchLabels/propertyNames",keyword:"propertyNames",params:{propertyName: key1},message:"property name must be valid",schema:schema18.properties.matchLabels.propertyNames,parentSchema:schema18.properties.matchLabels,data:data0};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
for(const key2 of Object.keys(data0)){
let data1 = data0[key2];
if(typeof data1 === "string"){
if(!(formats6.validate(data1))){
const err3 = {instancePath:instancePath+"/matchLabels/" + key2.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/matchLabels/additionalProperties/format",keyword:"format",params:{format: "label-value"},message:"must match format \""+"label-value"+"\"",schema:"label-value",parentSchema:schema18.properties.matchLabels.additionalProperties,data:data1};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
else {
const err4 = {instancePath:instancePath+"/matchLabels/" + key2.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/matchLabels/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema18.properties.matchLabels.additionalProperties.type,parentSchema:schema18.properties.matchLabels.additionalProperties,data:data1};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
}
else {
const err5 = {instancePath:instancePath+"/matchLabels",schemaPath:"#/properties/matchLabels/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema18.properties.matchLabels.type,parentSchema:schema18.properties.matchLabels,data:data0};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
if(data.matchExpressions !== undefined && func0.call(data, "matchExpressions")){
let data2 = data.matchExpressions;
if(Array.isArray(data2)){
if(data2.length > 1000){
const err6 = {instancePath:instancePath+"/matchExpressions",schemaPath:"#/properties/matchExpressions/maxItems",keyword:"maxItems",params:{limit: 1000},message:"must NOT have more than 1000 items",schema:1000,parentSchema:schema18.properties.matchExpressions,data:data2};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
const len0 = data2.length;
for(let i0=0; i0<len0; i0++){
let data3 = data2[i0];
if(data3 && typeof data3 == "object" && !Array.isArray(data3)){
if((data3.key === undefined) || (!(func0.call(data3, "key")))){
const err7 = {instancePath:instancePath+"/matchExpressions/" + i0,schemaPath:"#/$defs/LabelRequirement/required",keyword:"required",params:{missingProperty: "key"},message:"must have required property '"+"key"+"'",schema:schema19.required,parentSchema:schema19,data:data3};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
if((data3.operator === undefined) || (!(func0.call(data3, "operator")))){
const err8 = {instancePath:instancePath+"/matchExpressions/" + i0,schemaPath:"#/$defs/LabelRequirement/required",keyword:"required",params:{missingProperty: "operator"},message:"must have required property '"+"operator"+"'",schema:schema19.required,parentSchema:schema19,data:data3};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
for(const key3 of Object.keys(data3)){
if(!(((key3 === "key") || (key3 === "operator")) || (key3 === "values"))){
const err9 = {instancePath:instancePath+"/matchExpressions/" + i0,schemaPath:"#/$defs/LabelRequirement/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key3},message:"must NOT have additional properties",schema:false,parentSchema:schema19,data:data3};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
}
if(data3.key !== undefined && func0.call(data3, "key")){
let data4 = data3.key;
if(typeof data4 === "string"){
if(!(formats4.validate(data4))){
const err10 = {instancePath:instancePath+"/matchExpressions/" + i0+"/key",schemaPath:"#/$defs/LabelRequirement/properties/key/format",keyword:"format",params:{format: "label-key"},message:"must match format \""+"label-key"+"\"",schema:"label-key",parentSchema:schema19.properties.key,data:data4};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
}
else {
const err11 = {instancePath:instancePath+"/matchExpressions/" + i0+"/key",schemaPath:"#/$defs/LabelRequirement/properties/key/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema19.properties.key.type,parentSchema:schema19.properties.key,data:data4};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
}
if(data3.operator !== undefined && func0.call(data3, "operator")){
let data5 = data3.operator;
if(!((((data5 === "In") || (data5 === "NotIn")) || (data5 === "Exists")) || (data5 === "DoesNotExist"))){
const err12 = {instancePath:instancePath+"/matchExpressions/" + i0+"/operator",schemaPath:"#/$defs/LabelRequirement/properties/operator/enum",keyword:"enum",params:{allowedValues: schema19.properties.operator.enum},message:"must be equal to one of the allowed values",schema:schema19.properties.operator.enum,parentSchema:schema19.properties.operator,data:data5};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
}
if(data3.values !== undefined && func0.call(data3, "values")){
let data6 = data3.values;
if(Array.isArray(data6)){
if(data6.length > 1000){
const err13 = {instancePath:instancePath+"/matchExpressions/" + i0+"/values",schemaPath:"#/$defs/LabelRequirement/properties/values/maxItems",keyword:"maxItems",params:{limit: 1000},message:"must NOT have more than 1000 items",schema:1000,parentSchema:schema19.properties.values,data:data6};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
const len1 = data6.length;
for(let i1=0; i1<len1; i1++){
let data7 = data6[i1];
if(typeof data7 === "string"){
if(!(formats6.validate(data7))){
const err14 = {instancePath:instancePath+"/matchExpressions/" + i0+"/values/" + i1,schemaPath:"#/$defs/LabelRequirement/properties/values/items/format",keyword:"format",params:{format: "label-value"},message:"must match format \""+"label-value"+"\"",schema:"label-value",parentSchema:schema19.properties.values.items,data:data7};
if(vErrors === null){
vErrors = [err14];
}
else {
vErrors.push(err14);
}
errors++;
}
}
else {
const err15 = {instancePath:instancePath+"/matchExpressions/" + i0+"/values/" + i1,schemaPath:"#/$defs/LabelRequirement/properties/values/items/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema19.properties.values.items.type,parentSchema:schema19.properties.values.items,data:data7};
if(vErrors === null){
vErrors = [err15];
}
else {
vErrors.push(err15);
}
errors++;
}
}
}
else {
const err16 = {instancePath:instancePath+"/matchExpressions/" + i0+"/values",schemaPath:"#/$defs/LabelRequirement/properties/values/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema19.properties.values.type,parentSchema:schema19.properties.values,data:data6};
if(vErrors === null){
vErrors = [err16];
}
else {
vErrors.push(err16);
}
errors++;
}
}
}
else {
const err17 = {instancePath:instancePath+"/matchExpressions/" + i0,schemaPath:"#/$defs/LabelRequirement/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema19.type,parentSchema:schema19,data:data3};
if(vErrors === null){
vErrors = [err17];
}
else {
vErrors.push(err17);
}
errors++;
}
}
}
else {
const err18 = {instancePath:instancePath+"/matchExpressions",schemaPath:"#/properties/matchExpressions/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema18.properties.matchExpressions.type,parentSchema:schema18.properties.matchExpressions,data:data2};
if(vErrors === null){
vErrors = [err18];
}
else {
vErrors.push(err18);
}
errors++;
}
}
}
else {
const err19 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema18.type,parentSchema:schema18,data};
if(vErrors === null){
vErrors = [err19];
}
else {
vErrors.push(err19);
}
errors++;
}
validate14.errors = vErrors;
return errors === 0;
}

const formats14 = formats["selection-expression"];

function validate13(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
for(const key0 of Object.keys(data)){
if(!(((key0 === "pods") || (key0 === "containers")) || (key0 === "expression"))){
const err0 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties",schema:false,parentSchema:schema17,data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
}
if(data.pods !== undefined && func0.call(data, "pods")){
if(!(validate14(data.pods, {instancePath:instancePath+"/pods",parentData:data,parentDataProperty:"pods",rootData}))){
vErrors = vErrors === null ? validate14.errors : vErrors.concat(validate14.errors);
errors = vErrors.length;
}
}
if(data.containers !== undefined && func0.call(data, "containers")){
let data1 = data.containers;
if(Array.isArray(data1)){
if(data1.length > 100){
const err1 = {instancePath:instancePath+"/containers",schemaPath:"#/$defs/ContainerNames/maxItems",keyword:"maxItems",params:{limit: 100},message:"must NOT have more than 100 items",schema:100,parentSchema:schema20,data:data1};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data1.length < 1){
const err2 = {instancePath:instancePath+"/containers",schemaPath:"#/$defs/ContainerNames/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items",schema:1,parentSchema:schema20,data:data1};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
const len0 = data1.length;
for(let i0=0; i0<len0; i0++){
let data2 = data1[i0];
if(typeof data2 === "string"){
if(!(formats2.validate(data2))){
const err3 = {instancePath:instancePath+"/containers/" + i0,schemaPath:"#/$defs/ContainerNames/items/format",keyword:"format",params:{format: "label-name"},message:"must match format \""+"label-name"+"\"",schema:"label-name",parentSchema:schema20.items,data:data2};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
else {
const err4 = {instancePath:instancePath+"/containers/" + i0,schemaPath:"#/$defs/ContainerNames/items/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema20.items.type,parentSchema:schema20.items,data:data2};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
}
else {
const err5 = {instancePath:instancePath+"/containers",schemaPath:"#/$defs/ContainerNames/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema20.type,parentSchema:schema20,data:data1};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
if(data.expression !== undefined && func0.call(data, "expression")){
let data3 = data.expression;
if(typeof data3 === "string"){
if(!(formats14.validate(data3))){
const err6 = {instancePath:instancePath+"/expression",schemaPath:"#/$defs/SelectExpression/format",keyword:"format",params:{format: "selection-expression"},message:"must match format \""+"selection-expression"+"\"",schema:"selection-expression",parentSchema:schema21,data:data3};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
}
else {
const err7 = {instancePath:instancePath+"/expression",schemaPath:"#/$defs/SelectExpression/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema21.type,parentSchema:schema21,data:data3};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
}
else {
const err8 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema17.type,parentSchema:schema17,data};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
validate13.errors = vErrors;
return errors === 0;
}

const schema24 = {"type":"object","additionalProperties":false,"required":["exe"],"properties":{"exe":{"$ref":"#/$defs/PathPatterns"},"from":{"type":"array","minItems":1,"maxItems":1000,"items":{"$ref":"#/$defs/PathPattern"}},"startedBy":{"enum":["entrypoint","exec"]},"egress":{"type":"array","maxItems":1000,"items":{"$ref":"#/$defs/EgressRule"}},"ingress":{"type":"array","maxItems":1000,"items":{"$ref":"#/$defs/IngressRule"}},"files":{"type":"array","maxItems":1000,"items":{"$ref":"#/$defs/FileRule"}},"privileges":{"type":"array","maxItems":100,"items":{"$ref":"#/$defs/Privilege"}},"sockets":{"type":"array","maxItems":100,"items":{"$ref":"#/$defs/SocketUse"}}}};
const schema26 = {"type":"string","format":"path-pattern"};
const schema35 = {"enum":["trace","bpf","mount","kernel-modules","user-namespaces","AUDIT_CONTROL","AUDIT_READ","AUDIT_WRITE","BLOCK_SUSPEND","BPF","CHECKPOINT_RESTORE","CHOWN","DAC_OVERRIDE","DAC_READ_SEARCH","FOWNER","FSETID","IPC_LOCK","IPC_OWNER","KILL","LEASE","LINUX_IMMUTABLE","MAC_ADMIN","MAC_OVERRIDE","MKNOD","NET_ADMIN","NET_BIND_SERVICE","NET_BROADCAST","NET_RAW","PERFMON","SETFCAP","SETGID","SETPCAP","SETUID","SYSLOG","SYS_ADMIN","SYS_BOOT","SYS_CHROOT","SYS_MODULE","SYS_NICE","SYS_PACCT","SYS_PTRACE","SYS_RAWIO","SYS_RESOURCE","SYS_TIME","SYS_TTY_CONFIG","WAKE_ALARM"]};
const schema36 = {"enum":["network-admin","raw","alg","appletalk","atmpvc","atmsvc","ax25","bluetooth","caif","can","ieee802154","infiniband","ipx","isdn","kcm","key","llc","mctp","mpls","netrom","nfc","packet","phonet","pppox","qipcrtr","rds","rose","rxrpc","smc","tipc","vsock","x25","xdp","netlink-audit","netlink-connector","netlink-crypto","netlink-dnrtmsg","netlink-ecryptfs","netlink-fib-lookup","netlink-generic","netlink-iscsi","netlink-netfilter","netlink-nflog","netlink-rdma","netlink-scsi-transport","netlink-selinux","netlink-smc","netlink-sock-diag","netlink-uevent","netlink-usersock","netlink-xfrm"]};
const schema25 = {"anyOf":[{"type":"string","format":"path-pattern"},{"type":"array","minItems":1,"maxItems":1000,"items":{"$ref":"#/$defs/PathPattern"}}]};
const formats16 = formats["path-pattern"];

function validate18(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
const _errs0 = errors;
let valid0 = false;
const _errs1 = errors;
if(typeof data === "string"){
if(!(formats16.validate(data))){
const err0 = {instancePath,schemaPath:"#/anyOf/0/format",keyword:"format",params:{format: "path-pattern"},message:"must match format \""+"path-pattern"+"\"",schema:"path-pattern",parentSchema:schema25.anyOf[0],data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
}
else {
const err1 = {instancePath,schemaPath:"#/anyOf/0/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema25.anyOf[0].type,parentSchema:schema25.anyOf[0],data};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
var _valid0 = _errs1 === errors;
valid0 = valid0 || _valid0;
if(!valid0){
const _errs3 = errors;
if(Array.isArray(data)){
if(data.length > 1000){
const err2 = {instancePath,schemaPath:"#/anyOf/1/maxItems",keyword:"maxItems",params:{limit: 1000},message:"must NOT have more than 1000 items",schema:1000,parentSchema:schema25.anyOf[1],data};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
if(data.length < 1){
const err3 = {instancePath,schemaPath:"#/anyOf/1/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items",schema:1,parentSchema:schema25.anyOf[1],data};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
const len0 = data.length;
for(let i0=0; i0<len0; i0++){
let data0 = data[i0];
if(typeof data0 === "string"){
if(!(formats16.validate(data0))){
const err4 = {instancePath:instancePath+"/" + i0,schemaPath:"#/$defs/PathPattern/format",keyword:"format",params:{format: "path-pattern"},message:"must match format \""+"path-pattern"+"\"",schema:"path-pattern",parentSchema:schema26,data:data0};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
else {
const err5 = {instancePath:instancePath+"/" + i0,schemaPath:"#/$defs/PathPattern/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema26.type,parentSchema:schema26,data:data0};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
}
else {
const err6 = {instancePath,schemaPath:"#/anyOf/1/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema25.anyOf[1].type,parentSchema:schema25.anyOf[1],data};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
var _valid0 = _errs3 === errors;
valid0 = valid0 || _valid0;
}
if(!valid0){
const err7 = {instancePath,schemaPath:"#/anyOf",keyword:"anyOf",params:{},message:"must match a schema in anyOf",schema:schema25.anyOf,parentSchema:schema25,data};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
else {
errors = _errs0;
if(vErrors !== null){
if(_errs0){
vErrors.length = _errs0;
}
else {
vErrors = null;
}
}
}
validate18.errors = vErrors;
return errors === 0;
}

const schema28 = {"type":"object","additionalProperties":false,"properties":{"to":{"type":"array","minItems":1,"maxItems":1000,"items":{"$ref":"#/$defs/Peer"}},"ports":{"type":"array","minItems":1,"maxItems":1000,"items":{"$ref":"#/$defs/Port"}}}};
const schema30 = {"x-kubernetes-int-or-string":true,"anyOf":[{"type":"integer","minimum":1,"maximum":65535},{"type":"string","format":"port"}]};
const schema29 = {"type":"object","additionalProperties":false,"oneOf":[{"required":["cidr"]},{"required":["dns"]},{"anyOf":[{"required":["pods"]},{"required":["namespaces"]}]},{"required":["services"]}],"properties":{"cidr":{"type":"string","format":"cidr"},"except":{"type":"array","maxItems":1000,"items":{"type":"string","format":"cidr"}},"dns":{"type":"string","format":"dns-pattern"},"pods":{"$ref":"#/$defs/LabelSelector"},"namespaces":{"$ref":"#/$defs/LabelSelector"},"services":{"type":"object","additionalProperties":false,"required":["name"],"properties":{"name":{"type":"string","format":"label-name"},"namespace":{"type":"string","format":"label-name"}}}}};
const formats22 = formats.cidr;
const formats26 = formats["dns-pattern"];

function validate21(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
const _errs1 = errors;
let valid0 = false;
let passing0 = null;
const _errs2 = errors;
if(data && typeof data == "object" && !Array.isArray(data)){
if((data.cidr === undefined) || (!(func0.call(data, "cidr")))){
const err0 = {instancePath,schemaPath:"#/oneOf/0/required",keyword:"required",params:{missingProperty: "cidr"},message:"must have required property '"+"cidr"+"'",schema:schema29.oneOf[0].required,parentSchema:schema29.oneOf[0],data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
}
var _valid0 = _errs2 === errors;
if(_valid0){
valid0 = true;
passing0 = 0;
}
const _errs3 = errors;
if(data && typeof data == "object" && !Array.isArray(data)){
if((data.dns === undefined) || (!(func0.call(data, "dns")))){
const err1 = {instancePath,schemaPath:"#/oneOf/1/required",keyword:"required",params:{missingProperty: "dns"},message:"must have required property '"+"dns"+"'",schema:schema29.oneOf[1].required,parentSchema:schema29.oneOf[1],data};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
}
var _valid0 = _errs3 === errors;
if(_valid0 && valid0){
valid0 = false;
passing0 = [passing0, 1];
}
else {
if(_valid0){
valid0 = true;
passing0 = 1;
}
const _errs4 = errors;
const _errs5 = errors;
let valid1 = false;
const _errs6 = errors;
if(data && typeof data == "object" && !Array.isArray(data)){
if((data.pods === undefined) || (!(func0.call(data, "pods")))){
const err2 = {instancePath,schemaPath:"#/oneOf/2/anyOf/0/required",keyword:"required",params:{missingProperty: "pods"},message:"must have required property '"+"pods"+"'",schema:schema29.oneOf[2].anyOf[0].required,parentSchema:schema29.oneOf[2].anyOf[0],data};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
var _valid1 = _errs6 === errors;
valid1 = valid1 || _valid1;
if(!valid1){
const _errs7 = errors;
if(data && typeof data == "object" && !Array.isArray(data)){
if((data.namespaces === undefined) || (!(func0.call(data, "namespaces")))){
const err3 = {instancePath,schemaPath:"#/oneOf/2/anyOf/1/required",keyword:"required",params:{missingProperty: "namespaces"},message:"must have required property '"+"namespaces"+"'",schema:schema29.oneOf[2].anyOf[1].required,parentSchema:schema29.oneOf[2].anyOf[1],data};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
var _valid1 = _errs7 === errors;
valid1 = valid1 || _valid1;
}
if(!valid1){
const err4 = {instancePath,schemaPath:"#/oneOf/2/anyOf",keyword:"anyOf",params:{},message:"must match a schema in anyOf",schema:schema29.oneOf[2].anyOf,parentSchema:schema29.oneOf[2],data};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
else {
errors = _errs5;
if(vErrors !== null){
if(_errs5){
vErrors.length = _errs5;
}
else {
vErrors = null;
}
}
}
var _valid0 = _errs4 === errors;
if(_valid0 && valid0){
valid0 = false;
passing0 = [passing0, 2];
}
else {
if(_valid0){
valid0 = true;
passing0 = 2;
}
const _errs8 = errors;
if(data && typeof data == "object" && !Array.isArray(data)){
if((data.services === undefined) || (!(func0.call(data, "services")))){
const err5 = {instancePath,schemaPath:"#/oneOf/3/required",keyword:"required",params:{missingProperty: "services"},message:"must have required property '"+"services"+"'",schema:schema29.oneOf[3].required,parentSchema:schema29.oneOf[3],data};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
var _valid0 = _errs8 === errors;
if(_valid0 && valid0){
valid0 = false;
passing0 = [passing0, 3];
}
else {
if(_valid0){
valid0 = true;
passing0 = 3;
}
}
}
}
if(!valid0){
const err6 = {instancePath,schemaPath:"#/oneOf",keyword:"oneOf",params:{passingSchemas: passing0},message:"must match exactly one schema in oneOf",schema:schema29.oneOf,parentSchema:schema29,data};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
else {
errors = _errs1;
if(vErrors !== null){
if(_errs1){
vErrors.length = _errs1;
}
else {
vErrors = null;
}
}
}
if(data && typeof data == "object" && !Array.isArray(data)){
for(const key0 of Object.keys(data)){
if(!((((((key0 === "cidr") || (key0 === "except")) || (key0 === "dns")) || (key0 === "pods")) || (key0 === "namespaces")) || (key0 === "services"))){
const err7 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties",schema:false,parentSchema:schema29,data};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
if(data.cidr !== undefined && func0.call(data, "cidr")){
let data0 = data.cidr;
if(typeof data0 === "string"){
if(!(formats22.validate(data0))){
const err8 = {instancePath:instancePath+"/cidr",schemaPath:"#/properties/cidr/format",keyword:"format",params:{format: "cidr"},message:"must match format \""+"cidr"+"\"",schema:"cidr",parentSchema:schema29.properties.cidr,data:data0};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
}
else {
const err9 = {instancePath:instancePath+"/cidr",schemaPath:"#/properties/cidr/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema29.properties.cidr.type,parentSchema:schema29.properties.cidr,data:data0};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
}
if(data.except !== undefined && func0.call(data, "except")){
let data1 = data.except;
if(Array.isArray(data1)){
if(data1.length > 1000){
const err10 = {instancePath:instancePath+"/except",schemaPath:"#/properties/except/maxItems",keyword:"maxItems",params:{limit: 1000},message:"must NOT have more than 1000 items",schema:1000,parentSchema:schema29.properties.except,data:data1};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
const len0 = data1.length;
for(let i0=0; i0<len0; i0++){
let data2 = data1[i0];
if(typeof data2 === "string"){
if(!(formats22.validate(data2))){
const err11 = {instancePath:instancePath+"/except/" + i0,schemaPath:"#/properties/except/items/format",keyword:"format",params:{format: "cidr"},message:"must match format \""+"cidr"+"\"",schema:"cidr",parentSchema:schema29.properties.except.items,data:data2};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
}
else {
const err12 = {instancePath:instancePath+"/except/" + i0,schemaPath:"#/properties/except/items/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema29.properties.except.items.type,parentSchema:schema29.properties.except.items,data:data2};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
}
}
else {
const err13 = {instancePath:instancePath+"/except",schemaPath:"#/properties/except/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema29.properties.except.type,parentSchema:schema29.properties.except,data:data1};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
}
if(data.dns !== undefined && func0.call(data, "dns")){
let data3 = data.dns;
if(typeof data3 === "string"){
if(!(formats26.validate(data3))){
const err14 = {instancePath:instancePath+"/dns",schemaPath:"#/properties/dns/format",keyword:"format",params:{format: "dns-pattern"},message:"must match format \""+"dns-pattern"+"\"",schema:"dns-pattern",parentSchema:schema29.properties.dns,data:data3};
if(vErrors === null){
vErrors = [err14];
}
else {
vErrors.push(err14);
}
errors++;
}
}
else {
const err15 = {instancePath:instancePath+"/dns",schemaPath:"#/properties/dns/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema29.properties.dns.type,parentSchema:schema29.properties.dns,data:data3};
if(vErrors === null){
vErrors = [err15];
}
else {
vErrors.push(err15);
}
errors++;
}
}
if(data.pods !== undefined && func0.call(data, "pods")){
if(!(validate14(data.pods, {instancePath:instancePath+"/pods",parentData:data,parentDataProperty:"pods",rootData}))){
vErrors = vErrors === null ? validate14.errors : vErrors.concat(validate14.errors);
errors = vErrors.length;
}
}
if(data.namespaces !== undefined && func0.call(data, "namespaces")){
if(!(validate14(data.namespaces, {instancePath:instancePath+"/namespaces",parentData:data,parentDataProperty:"namespaces",rootData}))){
vErrors = vErrors === null ? validate14.errors : vErrors.concat(validate14.errors);
errors = vErrors.length;
}
}
if(data.services !== undefined && func0.call(data, "services")){
let data6 = data.services;
if(data6 && typeof data6 == "object" && !Array.isArray(data6)){
if((data6.name === undefined) || (!(func0.call(data6, "name")))){
const err16 = {instancePath:instancePath+"/services",schemaPath:"#/properties/services/required",keyword:"required",params:{missingProperty: "name"},message:"must have required property '"+"name"+"'",schema:schema29.properties.services.required,parentSchema:schema29.properties.services,data:data6};
if(vErrors === null){
vErrors = [err16];
}
else {
vErrors.push(err16);
}
errors++;
}
for(const key1 of Object.keys(data6)){
if(!((key1 === "name") || (key1 === "namespace"))){
const err17 = {instancePath:instancePath+"/services",schemaPath:"#/properties/services/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key1},message:"must NOT have additional properties",schema:false,parentSchema:schema29.properties.services,data:data6};
if(vErrors === null){
vErrors = [err17];
}
else {
vErrors.push(err17);
}
errors++;
}
}
if(data6.name !== undefined && func0.call(data6, "name")){
let data7 = data6.name;
if(typeof data7 === "string"){
if(!(formats2.validate(data7))){
const err18 = {instancePath:instancePath+"/services/name",schemaPath:"#/properties/services/properties/name/format",keyword:"format",params:{format: "label-name"},message:"must match format \""+"label-name"+"\"",schema:"label-name",parentSchema:schema29.properties.services.properties.name,data:data7};
if(vErrors === null){
vErrors = [err18];
}
else {
vErrors.push(err18);
}
errors++;
}
}
else {
const err19 = {instancePath:instancePath+"/services/name",schemaPath:"#/properties/services/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema29.properties.services.properties.name.type,parentSchema:schema29.properties.services.properties.name,data:data7};
if(vErrors === null){
vErrors = [err19];
}
else {
vErrors.push(err19);
}
errors++;
}
}
if(data6.namespace !== undefined && func0.call(data6, "namespace")){
let data8 = data6.namespace;
if(typeof data8 === "string"){
if(!(formats2.validate(data8))){
const err20 = {instancePath:instancePath+"/services/namespace",schemaPath:"#/properties/services/properties/namespace/format",keyword:"format",params:{format: "label-name"},message:"must match format \""+"label-name"+"\"",schema:"label-name",parentSchema:schema29.properties.services.properties.namespace,data:data8};
if(vErrors === null){
vErrors = [err20];
}
else {
vErrors.push(err20);
}
errors++;
}
}
else {
const err21 = {instancePath:instancePath+"/services/namespace",schemaPath:"#/properties/services/properties/namespace/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema29.properties.services.properties.namespace.type,parentSchema:schema29.properties.services.properties.namespace,data:data8};
if(vErrors === null){
vErrors = [err21];
}
else {
vErrors.push(err21);
}
errors++;
}
}
}
else {
const err22 = {instancePath:instancePath+"/services",schemaPath:"#/properties/services/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema29.properties.services.type,parentSchema:schema29.properties.services,data:data6};
if(vErrors === null){
vErrors = [err22];
}
else {
vErrors.push(err22);
}
errors++;
}
}
}
else {
const err23 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema29.type,parentSchema:schema29,data};
if(vErrors === null){
vErrors = [err23];
}
else {
vErrors.push(err23);
}
errors++;
}
validate21.errors = vErrors;
return errors === 0;
}

const formats32 = formats.port;

function validate20(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
for(const key0 of Object.keys(data)){
if(!((key0 === "to") || (key0 === "ports"))){
const err0 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties",schema:false,parentSchema:schema28,data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
}
if(data.to !== undefined && func0.call(data, "to")){
let data0 = data.to;
if(Array.isArray(data0)){
if(data0.length > 1000){
const err1 = {instancePath:instancePath+"/to",schemaPath:"#/properties/to/maxItems",keyword:"maxItems",params:{limit: 1000},message:"must NOT have more than 1000 items",schema:1000,parentSchema:schema28.properties.to,data:data0};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data0.length < 1){
const err2 = {instancePath:instancePath+"/to",schemaPath:"#/properties/to/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items",schema:1,parentSchema:schema28.properties.to,data:data0};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
const len0 = data0.length;
for(let i0=0; i0<len0; i0++){
if(!(validate21(data0[i0], {instancePath:instancePath+"/to/" + i0,parentData:data0,parentDataProperty:i0,rootData}))){
vErrors = vErrors === null ? validate21.errors : vErrors.concat(validate21.errors);
errors = vErrors.length;
}
}
}
else {
const err3 = {instancePath:instancePath+"/to",schemaPath:"#/properties/to/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema28.properties.to.type,parentSchema:schema28.properties.to,data:data0};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
if(data.ports !== undefined && func0.call(data, "ports")){
let data2 = data.ports;
if(Array.isArray(data2)){
if(data2.length > 1000){
const err4 = {instancePath:instancePath+"/ports",schemaPath:"#/properties/ports/maxItems",keyword:"maxItems",params:{limit: 1000},message:"must NOT have more than 1000 items",schema:1000,parentSchema:schema28.properties.ports,data:data2};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
if(data2.length < 1){
const err5 = {instancePath:instancePath+"/ports",schemaPath:"#/properties/ports/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items",schema:1,parentSchema:schema28.properties.ports,data:data2};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
const len1 = data2.length;
for(let i1=0; i1<len1; i1++){
let data3 = data2[i1];
const _errs9 = errors;
let valid6 = false;
const _errs10 = errors;
if(!(((typeof data3 == "number") && (!(data3 % 1) && !isNaN(data3))) && (isFinite(data3)))){
const err6 = {instancePath:instancePath+"/ports/" + i1,schemaPath:"#/$defs/Port/anyOf/0/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema30.anyOf[0].type,parentSchema:schema30.anyOf[0],data:data3};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
if((typeof data3 == "number") && (isFinite(data3))){
if(data3 > 65535 || isNaN(data3)){
const err7 = {instancePath:instancePath+"/ports/" + i1,schemaPath:"#/$defs/Port/anyOf/0/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535},message:"must be <= 65535",schema:65535,parentSchema:schema30.anyOf[0],data:data3};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
if(data3 < 1 || isNaN(data3)){
const err8 = {instancePath:instancePath+"/ports/" + i1,schemaPath:"#/$defs/Port/anyOf/0/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1",schema:1,parentSchema:schema30.anyOf[0],data:data3};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
}
var _valid0 = _errs10 === errors;
valid6 = valid6 || _valid0;
if(!valid6){
const _errs12 = errors;
if(typeof data3 === "string"){
if(!(formats32.validate(data3))){
const err9 = {instancePath:instancePath+"/ports/" + i1,schemaPath:"#/$defs/Port/anyOf/1/format",keyword:"format",params:{format: "port"},message:"must match format \""+"port"+"\"",schema:"port",parentSchema:schema30.anyOf[1],data:data3};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
}
else {
const err10 = {instancePath:instancePath+"/ports/" + i1,schemaPath:"#/$defs/Port/anyOf/1/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema30.anyOf[1].type,parentSchema:schema30.anyOf[1],data:data3};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
var _valid0 = _errs12 === errors;
valid6 = valid6 || _valid0;
}
if(!valid6){
const err11 = {instancePath:instancePath+"/ports/" + i1,schemaPath:"#/$defs/Port/anyOf",keyword:"anyOf",params:{},message:"must match a schema in anyOf",schema:schema30.anyOf,parentSchema:schema30,data:data3};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
else {
errors = _errs9;
if(vErrors !== null){
if(_errs9){
vErrors.length = _errs9;
}
else {
vErrors = null;
}
}
}
}
}
else {
const err12 = {instancePath:instancePath+"/ports",schemaPath:"#/properties/ports/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema28.properties.ports.type,parentSchema:schema28.properties.ports,data:data2};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
}
}
else {
const err13 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema28.type,parentSchema:schema28,data};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
validate20.errors = vErrors;
return errors === 0;
}

const schema31 = {"type":"object","additionalProperties":false,"properties":{"from":{"type":"array","minItems":1,"maxItems":1000,"items":{"$ref":"#/$defs/Peer"}},"ports":{"type":"array","minItems":1,"maxItems":1000,"items":{"$ref":"#/$defs/Port"}}}};

function validate26(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
for(const key0 of Object.keys(data)){
if(!((key0 === "from") || (key0 === "ports"))){
const err0 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties",schema:false,parentSchema:schema31,data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
}
if(data.from !== undefined && func0.call(data, "from")){
let data0 = data.from;
if(Array.isArray(data0)){
if(data0.length > 1000){
const err1 = {instancePath:instancePath+"/from",schemaPath:"#/properties/from/maxItems",keyword:"maxItems",params:{limit: 1000},message:"must NOT have more than 1000 items",schema:1000,parentSchema:schema31.properties.from,data:data0};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data0.length < 1){
const err2 = {instancePath:instancePath+"/from",schemaPath:"#/properties/from/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items",schema:1,parentSchema:schema31.properties.from,data:data0};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
const len0 = data0.length;
for(let i0=0; i0<len0; i0++){
if(!(validate21(data0[i0], {instancePath:instancePath+"/from/" + i0,parentData:data0,parentDataProperty:i0,rootData}))){
vErrors = vErrors === null ? validate21.errors : vErrors.concat(validate21.errors);
errors = vErrors.length;
}
}
}
else {
const err3 = {instancePath:instancePath+"/from",schemaPath:"#/properties/from/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema31.properties.from.type,parentSchema:schema31.properties.from,data:data0};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
if(data.ports !== undefined && func0.call(data, "ports")){
let data2 = data.ports;
if(Array.isArray(data2)){
if(data2.length > 1000){
const err4 = {instancePath:instancePath+"/ports",schemaPath:"#/properties/ports/maxItems",keyword:"maxItems",params:{limit: 1000},message:"must NOT have more than 1000 items",schema:1000,parentSchema:schema31.properties.ports,data:data2};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
if(data2.length < 1){
const err5 = {instancePath:instancePath+"/ports",schemaPath:"#/properties/ports/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items",schema:1,parentSchema:schema31.properties.ports,data:data2};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
const len1 = data2.length;
for(let i1=0; i1<len1; i1++){
let data3 = data2[i1];
const _errs9 = errors;
let valid6 = false;
const _errs10 = errors;
if(!(((typeof data3 == "number") && (!(data3 % 1) && !isNaN(data3))) && (isFinite(data3)))){
const err6 = {instancePath:instancePath+"/ports/" + i1,schemaPath:"#/$defs/Port/anyOf/0/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema30.anyOf[0].type,parentSchema:schema30.anyOf[0],data:data3};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
if((typeof data3 == "number") && (isFinite(data3))){
if(data3 > 65535 || isNaN(data3)){
const err7 = {instancePath:instancePath+"/ports/" + i1,schemaPath:"#/$defs/Port/anyOf/0/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535},message:"must be <= 65535",schema:65535,parentSchema:schema30.anyOf[0],data:data3};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
if(data3 < 1 || isNaN(data3)){
const err8 = {instancePath:instancePath+"/ports/" + i1,schemaPath:"#/$defs/Port/anyOf/0/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1",schema:1,parentSchema:schema30.anyOf[0],data:data3};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
}
var _valid0 = _errs10 === errors;
valid6 = valid6 || _valid0;
if(!valid6){
const _errs12 = errors;
if(typeof data3 === "string"){
if(!(formats32.validate(data3))){
const err9 = {instancePath:instancePath+"/ports/" + i1,schemaPath:"#/$defs/Port/anyOf/1/format",keyword:"format",params:{format: "port"},message:"must match format \""+"port"+"\"",schema:"port",parentSchema:schema30.anyOf[1],data:data3};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
}
else {
const err10 = {instancePath:instancePath+"/ports/" + i1,schemaPath:"#/$defs/Port/anyOf/1/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema30.anyOf[1].type,parentSchema:schema30.anyOf[1],data:data3};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
var _valid0 = _errs12 === errors;
valid6 = valid6 || _valid0;
}
if(!valid6){
const err11 = {instancePath:instancePath+"/ports/" + i1,schemaPath:"#/$defs/Port/anyOf",keyword:"anyOf",params:{},message:"must match a schema in anyOf",schema:schema30.anyOf,parentSchema:schema30,data:data3};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
else {
errors = _errs9;
if(vErrors !== null){
if(_errs9){
vErrors.length = _errs9;
}
else {
vErrors = null;
}
}
}
}
}
else {
const err12 = {instancePath:instancePath+"/ports",schemaPath:"#/properties/ports/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema31.properties.ports.type,parentSchema:schema31.properties.ports,data:data2};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
}
}
else {
const err13 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema31.type,parentSchema:schema31,data};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
validate26.errors = vErrors;
return errors === 0;
}

const schema33 = {"type":"object","additionalProperties":false,"required":["path","access"],"properties":{"path":{"$ref":"#/$defs/PathPattern"},"access":{"enum":["read","write"]}}};

function validate29(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if((data.path === undefined) || (!(func0.call(data, "path")))){
const err0 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "path"},message:"must have required property '"+"path"+"'",schema:schema33.required,parentSchema:schema33,data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if((data.access === undefined) || (!(func0.call(data, "access")))){
const err1 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "access"},message:"must have required property '"+"access"+"'",schema:schema33.required,parentSchema:schema33,data};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
for(const key0 of Object.keys(data)){
if(!((key0 === "path") || (key0 === "access"))){
const err2 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties",schema:false,parentSchema:schema33,data};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(data.path !== undefined && func0.call(data, "path")){
let data0 = data.path;
if(typeof data0 === "string"){
if(!(formats16.validate(data0))){
const err3 = {instancePath:instancePath+"/path",schemaPath:"#/$defs/PathPattern/format",keyword:"format",params:{format: "path-pattern"},message:"must match format \""+"path-pattern"+"\"",schema:"path-pattern",parentSchema:schema26,data:data0};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
else {
const err4 = {instancePath:instancePath+"/path",schemaPath:"#/$defs/PathPattern/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema26.type,parentSchema:schema26,data:data0};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
if(data.access !== undefined && func0.call(data, "access")){
let data1 = data.access;
if(!((data1 === "read") || (data1 === "write"))){
const err5 = {instancePath:instancePath+"/access",schemaPath:"#/properties/access/enum",keyword:"enum",params:{allowedValues: schema33.properties.access.enum},message:"must be equal to one of the allowed values",schema:schema33.properties.access.enum,parentSchema:schema33.properties.access,data:data1};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
}
else {
const err6 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema33.type,parentSchema:schema33,data};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
validate29.errors = vErrors;
return errors === 0;
}


function validate17(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if((data.exe === undefined) || (!(func0.call(data, "exe")))){
const err0 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "exe"},message:"must have required property '"+"exe"+"'",schema:schema24.required,parentSchema:schema24,data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
for(const key0 of Object.keys(data)){
if(!((((((((key0 === "exe") || (key0 === "from")) || (key0 === "startedBy")) || (key0 === "egress")) || (key0 === "ingress")) || (key0 === "files")) || (key0 === "privileges")) || (key0 === "sockets"))){
const err1 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties",schema:false,parentSchema:schema24,data};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
}
if(data.exe !== undefined && func0.call(data, "exe")){
if(!(validate18(data.exe, {instancePath:instancePath+"/exe",parentData:data,parentDataProperty:"exe",rootData}))){
vErrors = vErrors === null ? validate18.errors : vErrors.concat(validate18.errors);
errors = vErrors.length;
}
}
if(data.from !== undefined && func0.call(data, "from")){
let data1 = data.from;
if(Array.isArray(data1)){
if(data1.length > 1000){
const err2 = {instancePath:instancePath+"/from",schemaPath:"#/properties/from/maxItems",keyword:"maxItems",params:{limit: 1000},message:"must NOT have more than 1000 items",schema:1000,parentSchema:schema24.properties.from,data:data1};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
if(data1.length < 1){
const err3 = {instancePath:instancePath+"/from",schemaPath:"#/properties/from/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items",schema:1,parentSchema:schema24.properties.from,data:data1};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
const len0 = data1.length;
for(let i0=0; i0<len0; i0++){
let data2 = data1[i0];
if(typeof data2 === "string"){
if(!(formats16.validate(data2))){
const err4 = {instancePath:instancePath+"/from/" + i0,schemaPath:"#/$defs/PathPattern/format",keyword:"format",params:{format: "path-pattern"},message:"must match format \""+"path-pattern"+"\"",schema:"path-pattern",parentSchema:schema26,data:data2};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
else {
const err5 = {instancePath:instancePath+"/from/" + i0,schemaPath:"#/$defs/PathPattern/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema26.type,parentSchema:schema26,data:data2};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
}
else {
const err6 = {instancePath:instancePath+"/from",schemaPath:"#/properties/from/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema24.properties.from.type,parentSchema:schema24.properties.from,data:data1};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
}
if(data.startedBy !== undefined && func0.call(data, "startedBy")){
let data3 = data.startedBy;
if(!((data3 === "entrypoint") || (data3 === "exec"))){
const err7 = {instancePath:instancePath+"/startedBy",schemaPath:"#/properties/startedBy/enum",keyword:"enum",params:{allowedValues: schema24.properties.startedBy.enum},message:"must be equal to one of the allowed values",schema:schema24.properties.startedBy.enum,parentSchema:schema24.properties.startedBy,data:data3};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
if(data.egress !== undefined && func0.call(data, "egress")){
let data4 = data.egress;
if(Array.isArray(data4)){
if(data4.length > 1000){
const err8 = {instancePath:instancePath+"/egress",schemaPath:"#/properties/egress/maxItems",keyword:"maxItems",params:{limit: 1000},message:"must NOT have more than 1000 items",schema:1000,parentSchema:schema24.properties.egress,data:data4};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
const len1 = data4.length;
for(let i1=0; i1<len1; i1++){
if(!(validate20(data4[i1], {instancePath:instancePath+"/egress/" + i1,parentData:data4,parentDataProperty:i1,rootData}))){
vErrors = vErrors === null ? validate20.errors : vErrors.concat(validate20.errors);
errors = vErrors.length;
}
}
}
else {
const err9 = {instancePath:instancePath+"/egress",schemaPath:"#/properties/egress/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema24.properties.egress.type,parentSchema:schema24.properties.egress,data:data4};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
}
if(data.ingress !== undefined && func0.call(data, "ingress")){
let data6 = data.ingress;
if(Array.isArray(data6)){
if(data6.length > 1000){
const err10 = {instancePath:instancePath+"/ingress",schemaPath:"#/properties/ingress/maxItems",keyword:"maxItems",params:{limit: 1000},message:"must NOT have more than 1000 items",schema:1000,parentSchema:schema24.properties.ingress,data:data6};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
const len2 = data6.length;
for(let i2=0; i2<len2; i2++){
if(!(validate26(data6[i2], {instancePath:instancePath+"/ingress/" + i2,parentData:data6,parentDataProperty:i2,rootData}))){
vErrors = vErrors === null ? validate26.errors : vErrors.concat(validate26.errors);
errors = vErrors.length;
}
}
}
else {
const err11 = {instancePath:instancePath+"/ingress",schemaPath:"#/properties/ingress/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema24.properties.ingress.type,parentSchema:schema24.properties.ingress,data:data6};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
}
if(data.files !== undefined && func0.call(data, "files")){
let data8 = data.files;
if(Array.isArray(data8)){
if(data8.length > 1000){
const err12 = {instancePath:instancePath+"/files",schemaPath:"#/properties/files/maxItems",keyword:"maxItems",params:{limit: 1000},message:"must NOT have more than 1000 items",schema:1000,parentSchema:schema24.properties.files,data:data8};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
const len3 = data8.length;
for(let i3=0; i3<len3; i3++){
if(!(validate29(data8[i3], {instancePath:instancePath+"/files/" + i3,parentData:data8,parentDataProperty:i3,rootData}))){
vErrors = vErrors === null ? validate29.errors : vErrors.concat(validate29.errors);
errors = vErrors.length;
}
}
}
else {
const err13 = {instancePath:instancePath+"/files",schemaPath:"#/properties/files/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema24.properties.files.type,parentSchema:schema24.properties.files,data:data8};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
}
if(data.privileges !== undefined && func0.call(data, "privileges")){
let data10 = data.privileges;
if(Array.isArray(data10)){
if(data10.length > 100){
const err14 = {instancePath:instancePath+"/privileges",schemaPath:"#/properties/privileges/maxItems",keyword:"maxItems",params:{limit: 100},message:"must NOT have more than 100 items",schema:100,parentSchema:schema24.properties.privileges,data:data10};
if(vErrors === null){
vErrors = [err14];
}
else {
vErrors.push(err14);
}
errors++;
}
const len4 = data10.length;
for(let i4=0; i4<len4; i4++){
let data11 = data10[i4];
if(!((((((((((((((((((((((((((((((((((((((((((((((data11 === "trace") || (data11 === "bpf")) || (data11 === "mount")) || (data11 === "kernel-modules")) || (data11 === "user-namespaces")) || (data11 === "AUDIT_CONTROL")) || (data11 === "AUDIT_READ")) || (data11 === "AUDIT_WRITE")) || (data11 === "BLOCK_SUSPEND")) || (data11 === "BPF")) || (data11 === "CHECKPOINT_RESTORE")) || (data11 === "CHOWN")) || (data11 === "DAC_OVERRIDE")) || (data11 === "DAC_READ_SEARCH")) || (data11 === "FOWNER")) || (data11 === "FSETID")) || (data11 === "IPC_LOCK")) || (data11 === "IPC_OWNER")) || (data11 === "KILL")) || (data11 === "LEASE")) || (data11 === "LINUX_IMMUTABLE")) || (data11 === "MAC_ADMIN")) || (data11 === "MAC_OVERRIDE")) || (data11 === "MKNOD")) || (data11 === "NET_ADMIN")) || (data11 === "NET_BIND_SERVICE")) || (data11 === "NET_BROADCAST")) || (data11 === "NET_RAW")) || (data11 === "PERFMON")) || (data11 === "SETFCAP")) || (data11 === "SETGID")) || (data11 === "SETPCAP")) || (data11 === "SETUID")) || (data11 === "SYSLOG")) || (data11 === "SYS_ADMIN")) || (data11 === "SYS_BOOT")) || (data11 === "SYS_CHROOT")) || (data11 === "SYS_MODULE")) || (data11 === "SYS_NICE")) || (data11 === "SYS_PACCT")) || (data11 === "SYS_PTRACE")) || (data11 === "SYS_RAWIO")) || (data11 === "SYS_RESOURCE")) || (data11 === "SYS_TIME")) || (data11 === "SYS_TTY_CONFIG")) || (data11 === "WAKE_ALARM"))){
const err15 = {instancePath:instancePath+"/privileges/" + i4,schemaPath:"#/$defs/Privilege/enum",keyword:"enum",params:{allowedValues: schema35.enum},message:"must be equal to one of the allowed values",schema:schema35.enum,parentSchema:schema35,data:data11};
if(vErrors === null){
vErrors = [err15];
}
else {
vErrors.push(err15);
}
errors++;
}
}
}
else {
const err16 = {instancePath:instancePath+"/privileges",schemaPath:"#/properties/privileges/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema24.properties.privileges.type,parentSchema:schema24.properties.privileges,data:data10};
if(vErrors === null){
vErrors = [err16];
}
else {
vErrors.push(err16);
}
errors++;
}
}
if(data.sockets !== undefined && func0.call(data, "sockets")){
let data12 = data.sockets;
if(Array.isArray(data12)){
if(data12.length > 100){
const err17 = {instancePath:instancePath+"/sockets",schemaPath:"#/properties/sockets/maxItems",keyword:"maxItems",params:{limit: 100},message:"must NOT have more than 100 items",schema:100,parentSchema:schema24.properties.sockets,data:data12};
if(vErrors === null){
vErrors = [err17];
}
else {
vErrors.push(err17);
}
errors++;
}
const len5 = data12.length;
for(let i5=0; i5<len5; i5++){
let data13 = data12[i5];
if(!(((((((((((((((((((((((((((((((((((((((((((((((((((data13 === "network-admin") || (data13 === "raw")) || (data13 === "alg")) || (data13 === "appletalk")) || (data13 === "atmpvc")) || (data13 === "atmsvc")) || (data13 === "ax25")) || (data13 === "bluetooth")) || (data13 === "caif")) || (data13 === "can")) || (data13 === "ieee802154")) || (data13 === "infiniband")) || (data13 === "ipx")) || (data13 === "isdn")) || (data13 === "kcm")) || (data13 === "key")) || (data13 === "llc")) || (data13 === "mctp")) || (data13 === "mpls")) || (data13 === "netrom")) || (data13 === "nfc")) || (data13 === "packet")) || (data13 === "phonet")) || (data13 === "pppox")) || (data13 === "qipcrtr")) || (data13 === "rds")) || (data13 === "rose")) || (data13 === "rxrpc")) || (data13 === "smc")) || (data13 === "tipc")) || (data13 === "vsock")) || (data13 === "x25")) || (data13 === "xdp")) || (data13 === "netlink-audit")) || (data13 === "netlink-connector")) || (data13 === "netlink-crypto")) || (data13 === "netlink-dnrtmsg")) || (data13 === "netlink-ecryptfs")) || (data13 === "netlink-fib-lookup")) || (data13 === "netlink-generic")) || (data13 === "netlink-iscsi")) || (data13 === "netlink-netfilter")) || (data13 === "netlink-nflog")) || (data13 === "netlink-rdma")) || (data13 === "netlink-scsi-transport")) || (data13 === "netlink-selinux")) || (data13 === "netlink-smc")) || (data13 === "netlink-sock-diag")) || (data13 === "netlink-uevent")) || (data13 === "netlink-usersock")) || (data13 === "netlink-xfrm"))){
const err18 = {instancePath:instancePath+"/sockets/" + i5,schemaPath:"#/$defs/SocketUse/enum",keyword:"enum",params:{allowedValues: schema36.enum},message:"must be equal to one of the allowed values",schema:schema36.enum,parentSchema:schema36,data:data13};
if(vErrors === null){
vErrors = [err18];
}
else {
vErrors.push(err18);
}
errors++;
}
}
}
else {
const err19 = {instancePath:instancePath+"/sockets",schemaPath:"#/properties/sockets/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema24.properties.sockets.type,parentSchema:schema24.properties.sockets,data:data12};
if(vErrors === null){
vErrors = [err19];
}
else {
vErrors.push(err19);
}
errors++;
}
}
}
else {
const err20 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema24.type,parentSchema:schema24,data};
if(vErrors === null){
vErrors = [err20];
}
else {
vErrors.push(err20);
}
errors++;
}
validate17.errors = vErrors;
return errors === 0;
}

const schema37 = {"type":"object","additionalProperties":false,"minProperties":1,"properties":{"exe":{"$ref":"#/$defs/PathPatterns"},"from":{"type":"array","minItems":1,"maxItems":1000,"items":{"$ref":"#/$defs/PathPattern"}},"egress":{"$ref":"#/$defs/EgressRule"},"ingress":{"$ref":"#/$defs/IngressRule"},"protocol":{"enum":["stratum"]},"file":{"$ref":"#/$defs/FileRule"},"privilege":{"$ref":"#/$defs/Privilege"},"socket":{"$ref":"#/$defs/SocketUse"}}};

function validate32(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if(Object.keys(data).length < 1){
const err0 = {instancePath,schemaPath:"#/minProperties",keyword:"minProperties",params:{limit: 1},message:"must NOT have fewer than 1 properties",schema:1,parentSchema:schema37,data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
for(const key0 of Object.keys(data)){
if(!((((((((key0 === "exe") || (key0 === "from")) || (key0 === "egress")) || (key0 === "ingress")) || (key0 === "protocol")) || (key0 === "file")) || (key0 === "privilege")) || (key0 === "socket"))){
const err1 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties",schema:false,parentSchema:schema37,data};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
}
if(data.exe !== undefined && func0.call(data, "exe")){
if(!(validate18(data.exe, {instancePath:instancePath+"/exe",parentData:data,parentDataProperty:"exe",rootData}))){
vErrors = vErrors === null ? validate18.errors : vErrors.concat(validate18.errors);
errors = vErrors.length;
}
}
if(data.from !== undefined && func0.call(data, "from")){
let data1 = data.from;
if(Array.isArray(data1)){
if(data1.length > 1000){
const err2 = {instancePath:instancePath+"/from",schemaPath:"#/properties/from/maxItems",keyword:"maxItems",params:{limit: 1000},message:"must NOT have more than 1000 items",schema:1000,parentSchema:schema37.properties.from,data:data1};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
if(data1.length < 1){
const err3 = {instancePath:instancePath+"/from",schemaPath:"#/properties/from/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items",schema:1,parentSchema:schema37.properties.from,data:data1};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
const len0 = data1.length;
for(let i0=0; i0<len0; i0++){
let data2 = data1[i0];
if(typeof data2 === "string"){
if(!(formats16.validate(data2))){
const err4 = {instancePath:instancePath+"/from/" + i0,schemaPath:"#/$defs/PathPattern/format",keyword:"format",params:{format: "path-pattern"},message:"must match format \""+"path-pattern"+"\"",schema:"path-pattern",parentSchema:schema26,data:data2};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
else {
const err5 = {instancePath:instancePath+"/from/" + i0,schemaPath:"#/$defs/PathPattern/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema26.type,parentSchema:schema26,data:data2};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
}
else {
const err6 = {instancePath:instancePath+"/from",schemaPath:"#/properties/from/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema37.properties.from.type,parentSchema:schema37.properties.from,data:data1};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
}
if(data.egress !== undefined && func0.call(data, "egress")){
if(!(validate20(data.egress, {instancePath:instancePath+"/egress",parentData:data,parentDataProperty:"egress",rootData}))){
vErrors = vErrors === null ? validate20.errors : vErrors.concat(validate20.errors);
errors = vErrors.length;
}
}
if(data.ingress !== undefined && func0.call(data, "ingress")){
if(!(validate26(data.ingress, {instancePath:instancePath+"/ingress",parentData:data,parentDataProperty:"ingress",rootData}))){
vErrors = vErrors === null ? validate26.errors : vErrors.concat(validate26.errors);
errors = vErrors.length;
}
}
if(data.protocol !== undefined && func0.call(data, "protocol")){
let data5 = data.protocol;
if(!(data5 === "stratum")){
const err7 = {instancePath:instancePath+"/protocol",schemaPath:"#/properties/protocol/enum",keyword:"enum",params:{allowedValues: schema37.properties.protocol.enum},message:"must be equal to one of the allowed values",schema:schema37.properties.protocol.enum,parentSchema:schema37.properties.protocol,data:data5};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
if(data.file !== undefined && func0.call(data, "file")){
if(!(validate29(data.file, {instancePath:instancePath+"/file",parentData:data,parentDataProperty:"file",rootData}))){
vErrors = vErrors === null ? validate29.errors : vErrors.concat(validate29.errors);
errors = vErrors.length;
}
}
if(data.privilege !== undefined && func0.call(data, "privilege")){
let data7 = data.privilege;
if(!((((((((((((((((((((((((((((((((((((((((((((((data7 === "trace") || (data7 === "bpf")) || (data7 === "mount")) || (data7 === "kernel-modules")) || (data7 === "user-namespaces")) || (data7 === "AUDIT_CONTROL")) || (data7 === "AUDIT_READ")) || (data7 === "AUDIT_WRITE")) || (data7 === "BLOCK_SUSPEND")) || (data7 === "BPF")) || (data7 === "CHECKPOINT_RESTORE")) || (data7 === "CHOWN")) || (data7 === "DAC_OVERRIDE")) || (data7 === "DAC_READ_SEARCH")) || (data7 === "FOWNER")) || (data7 === "FSETID")) || (data7 === "IPC_LOCK")) || (data7 === "IPC_OWNER")) || (data7 === "KILL")) || (data7 === "LEASE")) || (data7 === "LINUX_IMMUTABLE")) || (data7 === "MAC_ADMIN")) || (data7 === "MAC_OVERRIDE")) || (data7 === "MKNOD")) || (data7 === "NET_ADMIN")) || (data7 === "NET_BIND_SERVICE")) || (data7 === "NET_BROADCAST")) || (data7 === "NET_RAW")) || (data7 === "PERFMON")) || (data7 === "SETFCAP")) || (data7 === "SETGID")) || (data7 === "SETPCAP")) || (data7 === "SETUID")) || (data7 === "SYSLOG")) || (data7 === "SYS_ADMIN")) || (data7 === "SYS_BOOT")) || (data7 === "SYS_CHROOT")) || (data7 === "SYS_MODULE")) || (data7 === "SYS_NICE")) || (data7 === "SYS_PACCT")) || (data7 === "SYS_PTRACE")) || (data7 === "SYS_RAWIO")) || (data7 === "SYS_RESOURCE")) || (data7 === "SYS_TIME")) || (data7 === "SYS_TTY_CONFIG")) || (data7 === "WAKE_ALARM"))){
const err8 = {instancePath:instancePath+"/privilege",schemaPath:"#/$defs/Privilege/enum",keyword:"enum",params:{allowedValues: schema35.enum},message:"must be equal to one of the allowed values",schema:schema35.enum,parentSchema:schema35,data:data7};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
}
if(data.socket !== undefined && func0.call(data, "socket")){
let data8 = data.socket;
if(!(((((((((((((((((((((((((((((((((((((((((((((((((((data8 === "network-admin") || (data8 === "raw")) || (data8 === "alg")) || (data8 === "appletalk")) || (data8 === "atmpvc")) || (data8 === "atmsvc")) || (data8 === "ax25")) || (data8 === "bluetooth")) || (data8 === "caif")) || (data8 === "can")) || (data8 === "ieee802154")) || (data8 === "infiniband")) || (data8 === "ipx")) || (data8 === "isdn")) || (data8 === "kcm")) || (data8 === "key")) || (data8 === "llc")) || (data8 === "mctp")) || (data8 === "mpls")) || (data8 === "netrom")) || (data8 === "nfc")) || (data8 === "packet")) || (data8 === "phonet")) || (data8 === "pppox")) || (data8 === "qipcrtr")) || (data8 === "rds")) || (data8 === "rose")) || (data8 === "rxrpc")) || (data8 === "smc")) || (data8 === "tipc")) || (data8 === "vsock")) || (data8 === "x25")) || (data8 === "xdp")) || (data8 === "netlink-audit")) || (data8 === "netlink-connector")) || (data8 === "netlink-crypto")) || (data8 === "netlink-dnrtmsg")) || (data8 === "netlink-ecryptfs")) || (data8 === "netlink-fib-lookup")) || (data8 === "netlink-generic")) || (data8 === "netlink-iscsi")) || (data8 === "netlink-netfilter")) || (data8 === "netlink-nflog")) || (data8 === "netlink-rdma")) || (data8 === "netlink-scsi-transport")) || (data8 === "netlink-selinux")) || (data8 === "netlink-smc")) || (data8 === "netlink-sock-diag")) || (data8 === "netlink-uevent")) || (data8 === "netlink-usersock")) || (data8 === "netlink-xfrm"))){
const err9 = {instancePath:instancePath+"/socket",schemaPath:"#/$defs/SocketUse/enum",keyword:"enum",params:{allowedValues: schema36.enum},message:"must be equal to one of the allowed values",schema:schema36.enum,parentSchema:schema36,data:data8};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
}
}
else {
const err10 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema37.type,parentSchema:schema37,data};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
validate32.errors = vErrors;
return errors === 0;
}


function validate12(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
for(const key0 of Object.keys(data)){
if(!((((((key0 === "mode") || (key0 === "select")) || (key0 === "code")) || (key0 === "anonymousCode")) || (key0 === "processes")) || (key0 === "deny"))){
const err0 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties",schema:false,parentSchema:schema15,data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
}
if(data.mode !== undefined && func0.call(data, "mode")){
let data0 = data.mode;
if(!((data0 === "audit") || (data0 === "enforce"))){
const err1 = {instancePath:instancePath+"/mode",schemaPath:"#/$defs/Mode/enum",keyword:"enum",params:{allowedValues: schema16.enum},message:"must be equal to one of the allowed values",schema:schema16.enum,parentSchema:schema16,data:data0};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
}
if(data.select !== undefined && func0.call(data, "select")){
if(!(validate13(data.select, {instancePath:instancePath+"/select",parentData:data,parentDataProperty:"select",rootData}))){
vErrors = vErrors === null ? validate13.errors : vErrors.concat(validate13.errors);
errors = vErrors.length;
}
}
if(data.code !== undefined && func0.call(data, "code")){
let data2 = data.code;
if(!((data2 === "any") || (data2 === "image"))){
const err2 = {instancePath:instancePath+"/code",schemaPath:"#/$defs/Code/enum",keyword:"enum",params:{allowedValues: schema22.enum},message:"must be equal to one of the allowed values",schema:schema22.enum,parentSchema:schema22,data:data2};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(data.anonymousCode !== undefined && func0.call(data, "anonymousCode")){
let data3 = data.anonymousCode;
if(!((data3 === "allow") || (data3 === "deny"))){
const err3 = {instancePath:instancePath+"/anonymousCode",schemaPath:"#/$defs/AnonymousCode/enum",keyword:"enum",params:{allowedValues: schema23.enum},message:"must be equal to one of the allowed values",schema:schema23.enum,parentSchema:schema23,data:data3};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
if(data.processes !== undefined && func0.call(data, "processes")){
let data4 = data.processes;
if(Array.isArray(data4)){
if(data4.length > 1000){
const err4 = {instancePath:instancePath+"/processes",schemaPath:"#/properties/processes/maxItems",keyword:"maxItems",params:{limit: 1000},message:"must NOT have more than 1000 items",schema:1000,parentSchema:schema15.properties.processes,data:data4};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
const len0 = data4.length;
for(let i0=0; i0<len0; i0++){
if(!(validate17(data4[i0], {instancePath:instancePath+"/processes/" + i0,parentData:data4,parentDataProperty:i0,rootData}))){
vErrors = vErrors === null ? validate17.errors : vErrors.concat(validate17.errors);
errors = vErrors.length;
}
}
}
else {
const err5 = {instancePath:instancePath+"/processes",schemaPath:"#/properties/processes/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema15.properties.processes.type,parentSchema:schema15.properties.processes,data:data4};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
if(data.deny !== undefined && func0.call(data, "deny")){
let data6 = data.deny;
if(Array.isArray(data6)){
if(data6.length > 1000){
const err6 = {instancePath:instancePath+"/deny",schemaPath:"#/properties/deny/maxItems",keyword:"maxItems",params:{limit: 1000},message:"must NOT have more than 1000 items",schema:1000,parentSchema:schema15.properties.deny,data:data6};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
const len1 = data6.length;
for(let i1=0; i1<len1; i1++){
if(!(validate32(data6[i1], {instancePath:instancePath+"/deny/" + i1,parentData:data6,parentDataProperty:i1,rootData}))){
vErrors = vErrors === null ? validate32.errors : vErrors.concat(validate32.errors);
errors = vErrors.length;
}
}
}
else {
const err7 = {instancePath:instancePath+"/deny",schemaPath:"#/properties/deny/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema15.properties.deny.type,parentSchema:schema15.properties.deny,data:data6};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
}
else {
const err8 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema15.type,parentSchema:schema15,data};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
validate12.errors = vErrors;
return errors === 0;
}

const schema41 = {"type":"object","additionalProperties":false,"properties":{"observedGeneration":{"type":"integer"},"nodes":{"type":"object","additionalProperties":false,"properties":{"total":{"type":"integer"},"selected":{"type":"integer"},"ready":{"type":"integer"},"degraded":{"type":"integer"},"failed":{"type":"integer"}}},"failures":{"type":"array","maxItems":10,"items":{"type":"object","additionalProperties":false,"required":["node","reason"],"properties":{"node":{"type":"string"},"reason":{"type":"string"}}}},"mechanisms":{"type":"array","maxItems":10,"items":{"type":"object","additionalProperties":false,"required":["mechanism","nodes"],"properties":{"mechanism":{"type":"string"},"nodes":{"type":"integer"}}}},"containers":{"type":"integer"},"denied":{"type":"integer"},"wouldDeny":{"type":"integer"},"wouldStop":{"type":"string"},"conditions":{"$ref":"#/$defs/Conditions"}}};
const schema42 = {"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["type"],"items":{"$ref":"#/$defs/Condition"}};
const schema43 = {"type":"object","additionalProperties":false,"required":["type","status","lastTransitionTime","reason","message"],"properties":{"type":{"type":"string"},"status":{"enum":["True","False","Unknown"]},"observedGeneration":{"type":"integer"},"lastTransitionTime":{"type":"string"},"reason":{"type":"string"},"message":{"type":"string"}}};

function validate40(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(Array.isArray(data)){
const len0 = data.length;
for(let i0=0; i0<len0; i0++){
let data0 = data[i0];
if(data0 && typeof data0 == "object" && !Array.isArray(data0)){
if((data0.type === undefined) || (!(func0.call(data0, "type")))){
const err0 = {instancePath:instancePath+"/" + i0,schemaPath:"#/$defs/Condition/required",keyword:"required",params:{missingProperty: "type"},message:"must have required property '"+"type"+"'",schema:schema43.required,parentSchema:schema43,data:data0};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if((data0.status === undefined) || (!(func0.call(data0, "status")))){
const err1 = {instancePath:instancePath+"/" + i0,schemaPath:"#/$defs/Condition/required",keyword:"required",params:{missingProperty: "status"},message:"must have required property '"+"status"+"'",schema:schema43.required,parentSchema:schema43,data:data0};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if((data0.lastTransitionTime === undefined) || (!(func0.call(data0, "lastTransitionTime")))){
const err2 = {instancePath:instancePath+"/" + i0,schemaPath:"#/$defs/Condition/required",keyword:"required",params:{missingProperty: "lastTransitionTime"},message:"must have required property '"+"lastTransitionTime"+"'",schema:schema43.required,parentSchema:schema43,data:data0};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
if((data0.reason === undefined) || (!(func0.call(data0, "reason")))){
const err3 = {instancePath:instancePath+"/" + i0,schemaPath:"#/$defs/Condition/required",keyword:"required",params:{missingProperty: "reason"},message:"must have required property '"+"reason"+"'",schema:schema43.required,parentSchema:schema43,data:data0};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
if((data0.message === undefined) || (!(func0.call(data0, "message")))){
const err4 = {instancePath:instancePath+"/" + i0,schemaPath:"#/$defs/Condition/required",keyword:"required",params:{missingProperty: "message"},message:"must have required property '"+"message"+"'",schema:schema43.required,parentSchema:schema43,data:data0};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
for(const key0 of Object.keys(data0)){
if(!((((((key0 === "type") || (key0 === "status")) || (key0 === "observedGeneration")) || (key0 === "lastTransitionTime")) || (key0 === "reason")) || (key0 === "message"))){
const err5 = {instancePath:instancePath+"/" + i0,schemaPath:"#/$defs/Condition/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties",schema:false,parentSchema:schema43,data:data0};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
if(data0.type !== undefined && func0.call(data0, "type")){
let data1 = data0.type;
if(typeof data1 !== "string"){
const err6 = {instancePath:instancePath+"/" + i0+"/type",schemaPath:"#/$defs/Condition/properties/type/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema43.properties.type.type,parentSchema:schema43.properties.type,data:data1};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
}
if(data0.status !== undefined && func0.call(data0, "status")){
let data2 = data0.status;
if(!(((data2 === "True") || (data2 === "False")) || (data2 === "Unknown"))){
const err7 = {instancePath:instancePath+"/" + i0+"/status",schemaPath:"#/$defs/Condition/properties/status/enum",keyword:"enum",params:{allowedValues: schema43.properties.status.enum},message:"must be equal to one of the allowed values",schema:schema43.properties.status.enum,parentSchema:schema43.properties.status,data:data2};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
if(data0.observedGeneration !== undefined && func0.call(data0, "observedGeneration")){
let data3 = data0.observedGeneration;
if(!(((typeof data3 == "number") && (!(data3 % 1) && !isNaN(data3))) && (isFinite(data3)))){
const err8 = {instancePath:instancePath+"/" + i0+"/observedGeneration",schemaPath:"#/$defs/Condition/properties/observedGeneration/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema43.properties.observedGeneration.type,parentSchema:schema43.properties.observedGeneration,data:data3};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
}
if(data0.lastTransitionTime !== undefined && func0.call(data0, "lastTransitionTime")){
let data4 = data0.lastTransitionTime;
if(typeof data4 !== "string"){
const err9 = {instancePath:instancePath+"/" + i0+"/lastTransitionTime",schemaPath:"#/$defs/Condition/properties/lastTransitionTime/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema43.properties.lastTransitionTime.type,parentSchema:schema43.properties.lastTransitionTime,data:data4};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
}
if(data0.reason !== undefined && func0.call(data0, "reason")){
let data5 = data0.reason;
if(typeof data5 !== "string"){
const err10 = {instancePath:instancePath+"/" + i0+"/reason",schemaPath:"#/$defs/Condition/properties/reason/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema43.properties.reason.type,parentSchema:schema43.properties.reason,data:data5};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
}
if(data0.message !== undefined && func0.call(data0, "message")){
let data6 = data0.message;
if(typeof data6 !== "string"){
const err11 = {instancePath:instancePath+"/" + i0+"/message",schemaPath:"#/$defs/Condition/properties/message/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema43.properties.message.type,parentSchema:schema43.properties.message,data:data6};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
}
}
else {
const err12 = {instancePath:instancePath+"/" + i0,schemaPath:"#/$defs/Condition/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema43.type,parentSchema:schema43,data:data0};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
}
}
else {
const err13 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema42.type,parentSchema:schema42,data};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
validate40.errors = vErrors;
return errors === 0;
}


function validate39(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
for(const key0 of Object.keys(data)){
if(!(func0.call(schema41.properties, key0))){
const err0 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties",schema:false,parentSchema:schema41,data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
}
if(data.observedGeneration !== undefined && func0.call(data, "observedGeneration")){
let data0 = data.observedGeneration;
if(!(((typeof data0 == "number") && (!(data0 % 1) && !isNaN(data0))) && (isFinite(data0)))){
const err1 = {instancePath:instancePath+"/observedGeneration",schemaPath:"#/properties/observedGeneration/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema41.properties.observedGeneration.type,parentSchema:schema41.properties.observedGeneration,data:data0};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
}
if(data.nodes !== undefined && func0.call(data, "nodes")){
let data1 = data.nodes;
if(data1 && typeof data1 == "object" && !Array.isArray(data1)){
for(const key1 of Object.keys(data1)){
if(!(((((key1 === "total") || (key1 === "selected")) || (key1 === "ready")) || (key1 === "degraded")) || (key1 === "failed"))){
const err2 = {instancePath:instancePath+"/nodes",schemaPath:"#/properties/nodes/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key1},message:"must NOT have additional properties",schema:false,parentSchema:schema41.properties.nodes,data:data1};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(data1.total !== undefined && func0.call(data1, "total")){
let data2 = data1.total;
if(!(((typeof data2 == "number") && (!(data2 % 1) && !isNaN(data2))) && (isFinite(data2)))){
const err3 = {instancePath:instancePath+"/nodes/total",schemaPath:"#/properties/nodes/properties/total/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema41.properties.nodes.properties.total.type,parentSchema:schema41.properties.nodes.properties.total,data:data2};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
if(data1.selected !== undefined && func0.call(data1, "selected")){
let data3 = data1.selected;
if(!(((typeof data3 == "number") && (!(data3 % 1) && !isNaN(data3))) && (isFinite(data3)))){
const err4 = {instancePath:instancePath+"/nodes/selected",schemaPath:"#/properties/nodes/properties/selected/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema41.properties.nodes.properties.selected.type,parentSchema:schema41.properties.nodes.properties.selected,data:data3};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
if(data1.ready !== undefined && func0.call(data1, "ready")){
let data4 = data1.ready;
if(!(((typeof data4 == "number") && (!(data4 % 1) && !isNaN(data4))) && (isFinite(data4)))){
const err5 = {instancePath:instancePath+"/nodes/ready",schemaPath:"#/properties/nodes/properties/ready/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema41.properties.nodes.properties.ready.type,parentSchema:schema41.properties.nodes.properties.ready,data:data4};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
if(data1.degraded !== undefined && func0.call(data1, "degraded")){
let data5 = data1.degraded;
if(!(((typeof data5 == "number") && (!(data5 % 1) && !isNaN(data5))) && (isFinite(data5)))){
const err6 = {instancePath:instancePath+"/nodes/degraded",schemaPath:"#/properties/nodes/properties/degraded/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema41.properties.nodes.properties.degraded.type,parentSchema:schema41.properties.nodes.properties.degraded,data:data5};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
}
if(data1.failed !== undefined && func0.call(data1, "failed")){
let data6 = data1.failed;
if(!(((typeof data6 == "number") && (!(data6 % 1) && !isNaN(data6))) && (isFinite(data6)))){
const err7 = {instancePath:instancePath+"/nodes/failed",schemaPath:"#/properties/nodes/properties/failed/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema41.properties.nodes.properties.failed.type,parentSchema:schema41.properties.nodes.properties.failed,data:data6};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
}
else {
const err8 = {instancePath:instancePath+"/nodes",schemaPath:"#/properties/nodes/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema41.properties.nodes.type,parentSchema:schema41.properties.nodes,data:data1};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
}
if(data.failures !== undefined && func0.call(data, "failures")){
let data7 = data.failures;
if(Array.isArray(data7)){
if(data7.length > 10){
const err9 = {instancePath:instancePath+"/failures",schemaPath:"#/properties/failures/maxItems",keyword:"maxItems",params:{limit: 10},message:"must NOT have more than 10 items",schema:10,parentSchema:schema41.properties.failures,data:data7};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
const len0 = data7.length;
for(let i0=0; i0<len0; i0++){
let data8 = data7[i0];
if(data8 && typeof data8 == "object" && !Array.isArray(data8)){
if((data8.node === undefined) || (!(func0.call(data8, "node")))){
const err10 = {instancePath:instancePath+"/failures/" + i0,schemaPath:"#/properties/failures/items/required",keyword:"required",params:{missingProperty: "node"},message:"must have required property '"+"node"+"'",schema:schema41.properties.failures.items.required,parentSchema:schema41.properties.failures.items,data:data8};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
if((data8.reason === undefined) || (!(func0.call(data8, "reason")))){
const err11 = {instancePath:instancePath+"/failures/" + i0,schemaPath:"#/properties/failures/items/required",keyword:"required",params:{missingProperty: "reason"},message:"must have required property '"+"reason"+"'",schema:schema41.properties.failures.items.required,parentSchema:schema41.properties.failures.items,data:data8};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
for(const key2 of Object.keys(data8)){
if(!((key2 === "node") || (key2 === "reason"))){
const err12 = {instancePath:instancePath+"/failures/" + i0,schemaPath:"#/properties/failures/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key2},message:"must NOT have additional properties",schema:false,parentSchema:schema41.properties.failures.items,data:data8};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
}
if(data8.node !== undefined && func0.call(data8, "node")){
let data9 = data8.node;
if(typeof data9 !== "string"){
const err13 = {instancePath:instancePath+"/failures/" + i0+"/node",schemaPath:"#/properties/failures/items/properties/node/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema41.properties.failures.items.properties.node.type,parentSchema:schema41.properties.failures.items.properties.node,data:data9};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
}
if(data8.reason !== undefined && func0.call(data8, "reason")){
let data10 = data8.reason;
if(typeof data10 !== "string"){
const err14 = {instancePath:instancePath+"/failures/" + i0+"/reason",schemaPath:"#/properties/failures/items/properties/reason/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema41.properties.failures.items.properties.reason.type,parentSchema:schema41.properties.failures.items.properties.reason,data:data10};
if(vErrors === null){
vErrors = [err14];
}
else {
vErrors.push(err14);
}
errors++;
}
}
}
else {
const err15 = {instancePath:instancePath+"/failures/" + i0,schemaPath:"#/properties/failures/items/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema41.properties.failures.items.type,parentSchema:schema41.properties.failures.items,data:data8};
if(vErrors === null){
vErrors = [err15];
}
else {
vErrors.push(err15);
}
errors++;
}
}
}
else {
const err16 = {instancePath:instancePath+"/failures",schemaPath:"#/properties/failures/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema41.properties.failures.type,parentSchema:schema41.properties.failures,data:data7};
if(vErrors === null){
vErrors = [err16];
}
else {
vErrors.push(err16);
}
errors++;
}
}
if(data.mechanisms !== undefined && func0.call(data, "mechanisms")){
let data11 = data.mechanisms;
if(Array.isArray(data11)){
if(data11.length > 10){
const err17 = {instancePath:instancePath+"/mechanisms",schemaPath:"#/properties/mechanisms/maxItems",keyword:"maxItems",params:{limit: 10},message:"must NOT have more than 10 items",schema:10,parentSchema:schema41.properties.mechanisms,data:data11};
if(vErrors === null){
vErrors = [err17];
}
else {
vErrors.push(err17);
}
errors++;
}
const len1 = data11.length;
for(let i1=0; i1<len1; i1++){
let data12 = data11[i1];
if(data12 && typeof data12 == "object" && !Array.isArray(data12)){
if((data12.mechanism === undefined) || (!(func0.call(data12, "mechanism")))){
const err18 = {instancePath:instancePath+"/mechanisms/" + i1,schemaPath:"#/properties/mechanisms/items/required",keyword:"required",params:{missingProperty: "mechanism"},message:"must have required property '"+"mechanism"+"'",schema:schema41.properties.mechanisms.items.required,parentSchema:schema41.properties.mechanisms.items,data:data12};
if(vErrors === null){
vErrors = [err18];
}
else {
vErrors.push(err18);
}
errors++;
}
if((data12.nodes === undefined) || (!(func0.call(data12, "nodes")))){
const err19 = {instancePath:instancePath+"/mechanisms/" + i1,schemaPath:"#/properties/mechanisms/items/required",keyword:"required",params:{missingProperty: "nodes"},message:"must have required property '"+"nodes"+"'",schema:schema41.properties.mechanisms.items.required,parentSchema:schema41.properties.mechanisms.items,data:data12};
if(vErrors === null){
vErrors = [err19];
}
else {
vErrors.push(err19);
}
errors++;
}
for(const key3 of Object.keys(data12)){
if(!((key3 === "mechanism") || (key3 === "nodes"))){
const err20 = {instancePath:instancePath+"/mechanisms/" + i1,schemaPath:"#/properties/mechanisms/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key3},message:"must NOT have additional properties",schema:false,parentSchema:schema41.properties.mechanisms.items,data:data12};
if(vErrors === null){
vErrors = [err20];
}
else {
vErrors.push(err20);
}
errors++;
}
}
if(data12.mechanism !== undefined && func0.call(data12, "mechanism")){
let data13 = data12.mechanism;
if(typeof data13 !== "string"){
const err21 = {instancePath:instancePath+"/mechanisms/" + i1+"/mechanism",schemaPath:"#/properties/mechanisms/items/properties/mechanism/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema41.properties.mechanisms.items.properties.mechanism.type,parentSchema:schema41.properties.mechanisms.items.properties.mechanism,data:data13};
if(vErrors === null){
vErrors = [err21];
}
else {
vErrors.push(err21);
}
errors++;
}
}
if(data12.nodes !== undefined && func0.call(data12, "nodes")){
let data14 = data12.nodes;
if(!(((typeof data14 == "number") && (!(data14 % 1) && !isNaN(data14))) && (isFinite(data14)))){
const err22 = {instancePath:instancePath+"/mechanisms/" + i1+"/nodes",schemaPath:"#/properties/mechanisms/items/properties/nodes/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema41.properties.mechanisms.items.properties.nodes.type,parentSchema:schema41.properties.mechanisms.items.properties.nodes,data:data14};
if(vErrors === null){
vErrors = [err22];
}
else {
vErrors.push(err22);
}
errors++;
}
}
}
else {
const err23 = {instancePath:instancePath+"/mechanisms/" + i1,schemaPath:"#/properties/mechanisms/items/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema41.properties.mechanisms.items.type,parentSchema:schema41.properties.mechanisms.items,data:data12};
if(vErrors === null){
vErrors = [err23];
}
else {
vErrors.push(err23);
}
errors++;
}
}
}
else {
const err24 = {instancePath:instancePath+"/mechanisms",schemaPath:"#/properties/mechanisms/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema41.properties.mechanisms.type,parentSchema:schema41.properties.mechanisms,data:data11};
if(vErrors === null){
vErrors = [err24];
}
else {
vErrors.push(err24);
}
errors++;
}
}
if(data.containers !== undefined && func0.call(data, "containers")){
let data15 = data.containers;
if(!(((typeof data15 == "number") && (!(data15 % 1) && !isNaN(data15))) && (isFinite(data15)))){
const err25 = {instancePath:instancePath+"/containers",schemaPath:"#/properties/containers/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema41.properties.containers.type,parentSchema:schema41.properties.containers,data:data15};
if(vErrors === null){
vErrors = [err25];
}
else {
vErrors.push(err25);
}
errors++;
}
}
if(data.denied !== undefined && func0.call(data, "denied")){
let data16 = data.denied;
if(!(((typeof data16 == "number") && (!(data16 % 1) && !isNaN(data16))) && (isFinite(data16)))){
const err26 = {instancePath:instancePath+"/denied",schemaPath:"#/properties/denied/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema41.properties.denied.type,parentSchema:schema41.properties.denied,data:data16};
if(vErrors === null){
vErrors = [err26];
}
else {
vErrors.push(err26);
}
errors++;
}
}
if(data.wouldDeny !== undefined && func0.call(data, "wouldDeny")){
let data17 = data.wouldDeny;
if(!(((typeof data17 == "number") && (!(data17 % 1) && !isNaN(data17))) && (isFinite(data17)))){
const err27 = {instancePath:instancePath+"/wouldDeny",schemaPath:"#/properties/wouldDeny/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema41.properties.wouldDeny.type,parentSchema:schema41.properties.wouldDeny,data:data17};
if(vErrors === null){
vErrors = [err27];
}
else {
vErrors.push(err27);
}
errors++;
}
}
if(data.wouldStop !== undefined && func0.call(data, "wouldStop")){
let data18 = data.wouldStop;
if(typeof data18 !== "string"){
const err28 = {instancePath:instancePath+"/wouldStop",schemaPath:"#/properties/wouldStop/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema41.properties.wouldStop.type,parentSchema:schema41.properties.wouldStop,data:data18};
if(vErrors === null){
vErrors = [err28];
}
else {
vErrors.push(err28);
}
errors++;
}
}
if(data.conditions !== undefined && func0.call(data, "conditions")){
if(!(validate40(data.conditions, {instancePath:instancePath+"/conditions",parentData:data,parentDataProperty:"conditions",rootData}))){
vErrors = vErrors === null ? validate40.errors : vErrors.concat(validate40.errors);
errors = vErrors.length;
}
}
}
else {
const err29 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema41.type,parentSchema:schema41,data};
if(vErrors === null){
vErrors = [err29];
}
else {
vErrors.push(err29);
}
errors++;
}
validate39.errors = vErrors;
return errors === 0;
}


function validate73(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if((data.apiVersion === undefined) || (!(func0.call(data, "apiVersion")))){
const err0 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "apiVersion"},message:"must have required property '"+"apiVersion"+"'",schema:schema12.required,parentSchema:schema12,data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if((data.kind === undefined) || (!(func0.call(data, "kind")))){
const err1 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "kind"},message:"must have required property '"+"kind"+"'",schema:schema12.required,parentSchema:schema12,data};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if((data.metadata === undefined) || (!(func0.call(data, "metadata")))){
const err2 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "metadata"},message:"must have required property '"+"metadata"+"'",schema:schema12.required,parentSchema:schema12,data};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
if((data.spec === undefined) || (!(func0.call(data, "spec")))){
const err3 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "spec"},message:"must have required property '"+"spec"+"'",schema:schema12.required,parentSchema:schema12,data};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
for(const key0 of Object.keys(data)){
if(!(((((key0 === "apiVersion") || (key0 === "kind")) || (key0 === "metadata")) || (key0 === "spec")) || (key0 === "status"))){
const err4 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties",schema:false,parentSchema:schema12,data};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
if(data.apiVersion !== undefined && func0.call(data, "apiVersion")){
let data0 = data.apiVersion;
if("underpin.dev/v1alpha1" !== data0){
const err5 = {instancePath:instancePath+"/apiVersion",schemaPath:"#/$defs/ApiVersion/const",keyword:"const",params:{allowedValue: "underpin.dev/v1alpha1"},message:"must be equal to constant",schema:"underpin.dev/v1alpha1",parentSchema:schema13,data:data0};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
if(data.kind !== undefined && func0.call(data, "kind")){
let data1 = data.kind;
if("RuntimePolicy" !== data1){
const err6 = {instancePath:instancePath+"/kind",schemaPath:"#/properties/kind/const",keyword:"const",params:{allowedValue: "RuntimePolicy"},message:"must be equal to constant",schema:"RuntimePolicy",parentSchema:schema12.properties.kind,data:data1};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
}
if(data.metadata !== undefined && func0.call(data, "metadata")){
let data2 = data.metadata;
if(data2 && typeof data2 == "object" && !Array.isArray(data2)){
if((data2.name === undefined) || (!(func0.call(data2, "name")))){
const err7 = {instancePath:instancePath+"/metadata",schemaPath:"#/$defs/Metadata/required",keyword:"required",params:{missingProperty: "name"},message:"must have required property '"+"name"+"'",schema:schema14.required,parentSchema:schema14,data:data2};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
for(const key1 of Object.keys(data2)){
if(!(func0.call(schema14.properties, key1))){
const err8 = {instancePath:instancePath+"/metadata",schemaPath:"#/$defs/Metadata/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key1},message:"must NOT have additional properties",schema:false,parentSchema:schema14,data:data2};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
}
if(data2.name !== undefined && func0.call(data2, "name")){
let data3 = data2.name;
if(typeof data3 === "string"){
if(!(formats0.validate(data3))){
const err9 = {instancePath:instancePath+"/metadata/name",schemaPath:"#/$defs/Metadata/properties/name/format",keyword:"format",params:{format: "object-name"},message:"must match format \""+"object-name"+"\"",schema:"object-name",parentSchema:schema14.properties.name,data:data3};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
}
else {
const err10 = {instancePath:instancePath+"/metadata/name",schemaPath:"#/$defs/Metadata/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.name.type,parentSchema:schema14.properties.name,data:data3};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
}
if(data2.namespace !== undefined && func0.call(data2, "namespace")){
let data4 = data2.namespace;
if(typeof data4 === "string"){
if(!(formats2.validate(data4))){
const err11 = {instancePath:instancePath+"/metadata/namespace",schemaPath:"#/$defs/Metadata/properties/namespace/format",keyword:"format",params:{format: "label-name"},message:"must match format \""+"label-name"+"\"",schema:"label-name",parentSchema:schema14.properties.namespace,data:data4};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
}
else {
const err12 = {instancePath:instancePath+"/metadata/namespace",schemaPath:"#/$defs/Metadata/properties/namespace/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.namespace.type,parentSchema:schema14.properties.namespace,data:data4};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
}
if(data2.labels !== undefined && func0.call(data2, "labels")){
let data5 = data2.labels;
if(data5 && typeof data5 == "object" && !Array.isArray(data5)){
for(const key2 of Object.keys(data5)){
let data6 = data5[key2];
if(typeof data6 !== "string"){
const err13 = {instancePath:instancePath+"/metadata/labels/" + key2.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/$defs/Metadata/properties/labels/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.labels.additionalProperties.type,parentSchema:schema14.properties.labels.additionalProperties,data:data6};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
}
}
else {
const err14 = {instancePath:instancePath+"/metadata/labels",schemaPath:"#/$defs/Metadata/properties/labels/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema14.properties.labels.type,parentSchema:schema14.properties.labels,data:data5};
if(vErrors === null){
vErrors = [err14];
}
else {
vErrors.push(err14);
}
errors++;
}
}
if(data2.annotations !== undefined && func0.call(data2, "annotations")){
let data7 = data2.annotations;
if(data7 && typeof data7 == "object" && !Array.isArray(data7)){
for(const key3 of Object.keys(data7)){
let data8 = data7[key3];
if(typeof data8 !== "string"){
const err15 = {instancePath:instancePath+"/metadata/annotations/" + key3.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/$defs/Metadata/properties/annotations/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.annotations.additionalProperties.type,parentSchema:schema14.properties.annotations.additionalProperties,data:data8};
if(vErrors === null){
vErrors = [err15];
}
else {
vErrors.push(err15);
}
errors++;
}
}
}
else {
const err16 = {instancePath:instancePath+"/metadata/annotations",schemaPath:"#/$defs/Metadata/properties/annotations/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema14.properties.annotations.type,parentSchema:schema14.properties.annotations,data:data7};
if(vErrors === null){
vErrors = [err16];
}
else {
vErrors.push(err16);
}
errors++;
}
}
if(data2.generateName !== undefined && func0.call(data2, "generateName")){
let data9 = data2.generateName;
if(typeof data9 !== "string"){
const err17 = {instancePath:instancePath+"/metadata/generateName",schemaPath:"#/$defs/Metadata/properties/generateName/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.generateName.type,parentSchema:schema14.properties.generateName,data:data9};
if(vErrors === null){
vErrors = [err17];
}
else {
vErrors.push(err17);
}
errors++;
}
}
if(data2.uid !== undefined && func0.call(data2, "uid")){
let data10 = data2.uid;
if(typeof data10 !== "string"){
const err18 = {instancePath:instancePath+"/metadata/uid",schemaPath:"#/$defs/Metadata/properties/uid/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.uid.type,parentSchema:schema14.properties.uid,data:data10};
if(vErrors === null){
vErrors = [err18];
}
else {
vErrors.push(err18);
}
errors++;
}
}
if(data2.resourceVersion !== undefined && func0.call(data2, "resourceVersion")){
let data11 = data2.resourceVersion;
if(typeof data11 !== "string"){
const err19 = {instancePath:instancePath+"/metadata/resourceVersion",schemaPath:"#/$defs/Metadata/properties/resourceVersion/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.resourceVersion.type,parentSchema:schema14.properties.resourceVersion,data:data11};
if(vErrors === null){
vErrors = [err19];
}
else {
vErrors.push(err19);
}
errors++;
}
}
if(data2.generation !== undefined && func0.call(data2, "generation")){
let data12 = data2.generation;
if(!(((typeof data12 == "number") && (!(data12 % 1) && !isNaN(data12))) && (isFinite(data12)))){
const err20 = {instancePath:instancePath+"/metadata/generation",schemaPath:"#/$defs/Metadata/properties/generation/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema14.properties.generation.type,parentSchema:schema14.properties.generation,data:data12};
if(vErrors === null){
vErrors = [err20];
}
else {
vErrors.push(err20);
}
errors++;
}
}
if(data2.selfLink !== undefined && func0.call(data2, "selfLink")){
let data13 = data2.selfLink;
if(typeof data13 !== "string"){
const err21 = {instancePath:instancePath+"/metadata/selfLink",schemaPath:"#/$defs/Metadata/properties/selfLink/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.selfLink.type,parentSchema:schema14.properties.selfLink,data:data13};
if(vErrors === null){
vErrors = [err21];
}
else {
vErrors.push(err21);
}
errors++;
}
}
if(data2.creationTimestamp !== undefined && func0.call(data2, "creationTimestamp")){
let data14 = data2.creationTimestamp;
if((typeof data14 !== "string") && (data14 !== null)){
const err22 = {instancePath:instancePath+"/metadata/creationTimestamp",schemaPath:"#/$defs/Metadata/properties/creationTimestamp/type",keyword:"type",params:{type: schema14.properties.creationTimestamp.type},message:"must be string,null",schema:schema14.properties.creationTimestamp.type,parentSchema:schema14.properties.creationTimestamp,data:data14};
if(vErrors === null){
vErrors = [err22];
}
else {
vErrors.push(err22);
}
errors++;
}
}
if(data2.deletionTimestamp !== undefined && func0.call(data2, "deletionTimestamp")){
let data15 = data2.deletionTimestamp;
if(typeof data15 !== "string"){
const err23 = {instancePath:instancePath+"/metadata/deletionTimestamp",schemaPath:"#/$defs/Metadata/properties/deletionTimestamp/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.deletionTimestamp.type,parentSchema:schema14.properties.deletionTimestamp,data:data15};
if(vErrors === null){
vErrors = [err23];
}
else {
vErrors.push(err23);
}
errors++;
}
}
if(data2.deletionGracePeriodSeconds !== undefined && func0.call(data2, "deletionGracePeriodSeconds")){
let data16 = data2.deletionGracePeriodSeconds;
if(!(((typeof data16 == "number") && (!(data16 % 1) && !isNaN(data16))) && (isFinite(data16)))){
const err24 = {instancePath:instancePath+"/metadata/deletionGracePeriodSeconds",schemaPath:"#/$defs/Metadata/properties/deletionGracePeriodSeconds/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema14.properties.deletionGracePeriodSeconds.type,parentSchema:schema14.properties.deletionGracePeriodSeconds,data:data16};
if(vErrors === null){
vErrors = [err24];
}
else {
vErrors.push(err24);
}
errors++;
}
}
if(data2.finalizers !== undefined && func0.call(data2, "finalizers")){
let data17 = data2.finalizers;
if(Array.isArray(data17)){
const len0 = data17.length;
for(let i0=0; i0<len0; i0++){
let data18 = data17[i0];
if(typeof data18 !== "string"){
const err25 = {instancePath:instancePath+"/metadata/finalizers/" + i0,schemaPath:"#/$defs/Metadata/properties/finalizers/items/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.finalizers.items.type,parentSchema:schema14.properties.finalizers.items,data:data18};
if(vErrors === null){
vErrors = [err25];
}
else {
vErrors.push(err25);
}
errors++;
}
}
}
else {
const err26 = {instancePath:instancePath+"/metadata/finalizers",schemaPath:"#/$defs/Metadata/properties/finalizers/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema14.properties.finalizers.type,parentSchema:schema14.properties.finalizers,data:data17};
if(vErrors === null){
vErrors = [err26];
}
else {
vErrors.push(err26);
}
errors++;
}
}
if(data2.ownerReferences !== undefined && func0.call(data2, "ownerReferences")){
let data19 = data2.ownerReferences;
if(Array.isArray(data19)){
const len1 = data19.length;
for(let i1=0; i1<len1; i1++){
let data20 = data19[i1];
if(!(data20 && typeof data20 == "object" && !Array.isArray(data20))){
const err27 = {instancePath:instancePath+"/metadata/ownerReferences/" + i1,schemaPath:"#/$defs/Metadata/properties/ownerReferences/items/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema14.properties.ownerReferences.items.type,parentSchema:schema14.properties.ownerReferences.items,data:data20};
if(vErrors === null){
vErrors = [err27];
}
else {
vErrors.push(err27);
}
errors++;
}
}
}
else {
const err28 = {instancePath:instancePath+"/metadata/ownerReferences",schemaPath:"#/$defs/Metadata/properties/ownerReferences/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema14.properties.ownerReferences.type,parentSchema:schema14.properties.ownerReferences,data:data19};
if(vErrors === null){
vErrors = [err28];
}
else {
vErrors.push(err28);
}
errors++;
}
}
if(data2.managedFields !== undefined && func0.call(data2, "managedFields")){
let data21 = data2.managedFields;
if(Array.isArray(data21)){
const len2 = data21.length;
for(let i2=0; i2<len2; i2++){
let data22 = data21[i2];
if(!(data22 && typeof data22 == "object" && !Array.isArray(data22))){
const err29 = {instancePath:instancePath+"/metadata/managedFields/" + i2,schemaPath:"#/$defs/Metadata/properties/managedFields/items/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema14.properties.managedFields.items.type,parentSchema:schema14.properties.managedFields.items,data:data22};
if(vErrors === null){
vErrors = [err29];
}
else {
vErrors.push(err29);
}
errors++;
}
}
}
else {
const err30 = {instancePath:instancePath+"/metadata/managedFields",schemaPath:"#/$defs/Metadata/properties/managedFields/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema14.properties.managedFields.type,parentSchema:schema14.properties.managedFields,data:data21};
if(vErrors === null){
vErrors = [err30];
}
else {
vErrors.push(err30);
}
errors++;
}
}
}
else {
const err31 = {instancePath:instancePath+"/metadata",schemaPath:"#/$defs/Metadata/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema14.type,parentSchema:schema14,data:data2};
if(vErrors === null){
vErrors = [err31];
}
else {
vErrors.push(err31);
}
errors++;
}
}
if(data.spec !== undefined && func0.call(data, "spec")){
if(!(validate12(data.spec, {instancePath:instancePath+"/spec",parentData:data,parentDataProperty:"spec",rootData}))){
vErrors = vErrors === null ? validate12.errors : vErrors.concat(validate12.errors);
errors = vErrors.length;
}
}
if(data.status !== undefined && func0.call(data, "status")){
if(!(validate39(data.status, {instancePath:instancePath+"/status",parentData:data,parentDataProperty:"status",rootData}))){
vErrors = vErrors === null ? validate39.errors : vErrors.concat(validate39.errors);
errors = vErrors.length;
}
}
}
else {
const err32 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema12.type,parentSchema:schema12,data};
if(vErrors === null){
vErrors = [err32];
}
else {
vErrors.push(err32);
}
errors++;
}
validate73.errors = vErrors;
return errors === 0;
}

export const ClusterRuntimePolicy = validate76;
const schema44 = {"type":"object","additionalProperties":false,"required":["apiVersion","kind","metadata","spec"],"properties":{"apiVersion":{"$ref":"#/$defs/ApiVersion"},"kind":{"const":"ClusterRuntimePolicy"},"metadata":{"$ref":"#/$defs/Metadata"},"spec":{"$ref":"#/$defs/ClusterRuntimeSpec"},"status":{"$ref":"#/$defs/RuntimeStatus"}}};
const schema47 = {"type":"object","additionalProperties":false,"required":["scope"],"properties":{"mode":{"$ref":"#/$defs/Mode"},"scope":{"enum":["pod","unmanaged","host"]},"select":{"$ref":"#/$defs/ClusterSelection"},"code":{"$ref":"#/$defs/Code"},"anonymousCode":{"$ref":"#/$defs/AnonymousCode"},"processes":{"type":"array","maxItems":1000,"items":{"$ref":"#/$defs/Process"}},"deny":{"type":"array","maxItems":1000,"items":{"$ref":"#/$defs/DenyRule"}}}};
const schema49 = {"type":"object","additionalProperties":false,"properties":{"namespaces":{"$ref":"#/$defs/LabelSelector"},"pods":{"$ref":"#/$defs/LabelSelector"},"containers":{"$ref":"#/$defs/ContainerNames"},"expression":{"$ref":"#/$defs/SelectExpression"},"names":{"type":"array","minItems":1,"maxItems":1000,"items":{"type":"string","format":"name-pattern"}},"images":{"type":"array","minItems":1,"maxItems":1000,"items":{"type":"string","format":"image-pattern"}},"units":{"type":"array","minItems":1,"maxItems":1000,"items":{"type":"string","format":"name-pattern"}},"cgroups":{"type":"array","minItems":1,"maxItems":1000,"items":{"type":"string","format":"cgroup-pattern"}}}};
const formats48 = formats["name-pattern"];
const formats50 = formats["image-pattern"];
const formats54 = formats["cgroup-pattern"];

function validate46(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
for(const key0 of Object.keys(data)){
if(!((((((((key0 === "namespaces") || (key0 === "pods")) || (key0 === "containers")) || (key0 === "expression")) || (key0 === "names")) || (key0 === "images")) || (key0 === "units")) || (key0 === "cgroups"))){
const err0 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties",schema:false,parentSchema:schema49,data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
}
if(data.namespaces !== undefined && func0.call(data, "namespaces")){
if(!(validate14(data.namespaces, {instancePath:instancePath+"/namespaces",parentData:data,parentDataProperty:"namespaces",rootData}))){
vErrors = vErrors === null ? validate14.errors : vErrors.concat(validate14.errors);
errors = vErrors.length;
}
}
if(data.pods !== undefined && func0.call(data, "pods")){
if(!(validate14(data.pods, {instancePath:instancePath+"/pods",parentData:data,parentDataProperty:"pods",rootData}))){
vErrors = vErrors === null ? validate14.errors : vErrors.concat(validate14.errors);
errors = vErrors.length;
}
}
if(data.containers !== undefined && func0.call(data, "containers")){
let data2 = data.containers;
if(Array.isArray(data2)){
if(data2.length > 100){
const err1 = {instancePath:instancePath+"/containers",schemaPath:"#/$defs/ContainerNames/maxItems",keyword:"maxItems",params:{limit: 100},message:"must NOT have more than 100 items",schema:100,parentSchema:schema20,data:data2};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data2.length < 1){
const err2 = {instancePath:instancePath+"/containers",schemaPath:"#/$defs/ContainerNames/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items",schema:1,parentSchema:schema20,data:data2};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
const len0 = data2.length;
for(let i0=0; i0<len0; i0++){
let data3 = data2[i0];
if(typeof data3 === "string"){
if(!(formats2.validate(data3))){
const err3 = {instancePath:instancePath+"/containers/" + i0,schemaPath:"#/$defs/ContainerNames/items/format",keyword:"format",params:{format: "label-name"},message:"must match format \""+"label-name"+"\"",schema:"label-name",parentSchema:schema20.items,data:data3};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
else {
const err4 = {instancePath:instancePath+"/containers/" + i0,schemaPath:"#/$defs/ContainerNames/items/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema20.items.type,parentSchema:schema20.items,data:data3};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
}
else {
const err5 = {instancePath:instancePath+"/containers",schemaPath:"#/$defs/ContainerNames/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema20.type,parentSchema:schema20,data:data2};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
if(data.expression !== undefined && func0.call(data, "expression")){
let data4 = data.expression;
if(typeof data4 === "string"){
if(!(formats14.validate(data4))){
const err6 = {instancePath:instancePath+"/expression",schemaPath:"#/$defs/SelectExpression/format",keyword:"format",params:{format: "selection-expression"},message:"must match format \""+"selection-expression"+"\"",schema:"selection-expression",parentSchema:schema21,data:data4};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
}
else {
const err7 = {instancePath:instancePath+"/expression",schemaPath:"#/$defs/SelectExpression/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema21.type,parentSchema:schema21,data:data4};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
if(data.names !== undefined && func0.call(data, "names")){
let data5 = data.names;
if(Array.isArray(data5)){
if(data5.length > 1000){
const err8 = {instancePath:instancePath+"/names",schemaPath:"#/properties/names/maxItems",keyword:"maxItems",params:{limit: 1000},message:"must NOT have more than 1000 items",schema:1000,parentSchema:schema49.properties.names,data:data5};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
if(data5.length < 1){
const err9 = {instancePath:instancePath+"/names",schemaPath:"#/properties/names/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items",schema:1,parentSchema:schema49.properties.names,data:data5};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
const len1 = data5.length;
for(let i1=0; i1<len1; i1++){
let data6 = data5[i1];
if(typeof data6 === "string"){
if(!(formats48.validate(data6))){
const err10 = {instancePath:instancePath+"/names/" + i1,schemaPath:"#/properties/names/items/format",keyword:"format",params:{format: "name-pattern"},message:"must match format \""+"name-pattern"+"\"",schema:"name-pattern",parentSchema:schema49.properties.names.items,data:data6};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
}
else {
const err11 = {instancePath:instancePath+"/names/" + i1,schemaPath:"#/properties/names/items/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema49.properties.names.items.type,parentSchema:schema49.properties.names.items,data:data6};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
}
}
else {
const err12 = {instancePath:instancePath+"/names",schemaPath:"#/properties/names/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema49.properties.names.type,parentSchema:schema49.properties.names,data:data5};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
}
if(data.images !== undefined && func0.call(data, "images")){
let data7 = data.images;
if(Array.isArray(data7)){
if(data7.length > 1000){
const err13 = {instancePath:instancePath+"/images",schemaPath:"#/properties/images/maxItems",keyword:"maxItems",params:{limit: 1000},message:"must NOT have more than 1000 items",schema:1000,parentSchema:schema49.properties.images,data:data7};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
if(data7.length < 1){
const err14 = {instancePath:instancePath+"/images",schemaPath:"#/properties/images/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items",schema:1,parentSchema:schema49.properties.images,data:data7};
if(vErrors === null){
vErrors = [err14];
}
else {
vErrors.push(err14);
}
errors++;
}
const len2 = data7.length;
for(let i2=0; i2<len2; i2++){
let data8 = data7[i2];
if(typeof data8 === "string"){
if(!(formats50.validate(data8))){
const err15 = {instancePath:instancePath+"/images/" + i2,schemaPath:"#/properties/images/items/format",keyword:"format",params:{format: "image-pattern"},message:"must match format \""+"image-pattern"+"\"",schema:"image-pattern",parentSchema:schema49.properties.images.items,data:data8};
if(vErrors === null){
vErrors = [err15];
}
else {
vErrors.push(err15);
}
errors++;
}
}
else {
const err16 = {instancePath:instancePath+"/images/" + i2,schemaPath:"#/properties/images/items/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema49.properties.images.items.type,parentSchema:schema49.properties.images.items,data:data8};
if(vErrors === null){
vErrors = [err16];
}
else {
vErrors.push(err16);
}
errors++;
}
}
}
else {
const err17 = {instancePath:instancePath+"/images",schemaPath:"#/properties/images/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema49.properties.images.type,parentSchema:schema49.properties.images,data:data7};
if(vErrors === null){
vErrors = [err17];
}
else {
vErrors.push(err17);
}
errors++;
}
}
if(data.units !== undefined && func0.call(data, "units")){
let data9 = data.units;
if(Array.isArray(data9)){
if(data9.length > 1000){
const err18 = {instancePath:instancePath+"/units",schemaPath:"#/properties/units/maxItems",keyword:"maxItems",params:{limit: 1000},message:"must NOT have more than 1000 items",schema:1000,parentSchema:schema49.properties.units,data:data9};
if(vErrors === null){
vErrors = [err18];
}
else {
vErrors.push(err18);
}
errors++;
}
if(data9.length < 1){
const err19 = {instancePath:instancePath+"/units",schemaPath:"#/properties/units/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items",schema:1,parentSchema:schema49.properties.units,data:data9};
if(vErrors === null){
vErrors = [err19];
}
else {
vErrors.push(err19);
}
errors++;
}
const len3 = data9.length;
for(let i3=0; i3<len3; i3++){
let data10 = data9[i3];
if(typeof data10 === "string"){
if(!(formats48.validate(data10))){
const err20 = {instancePath:instancePath+"/units/" + i3,schemaPath:"#/properties/units/items/format",keyword:"format",params:{format: "name-pattern"},message:"must match format \""+"name-pattern"+"\"",schema:"name-pattern",parentSchema:schema49.properties.units.items,data:data10};
if(vErrors === null){
vErrors = [err20];
}
else {
vErrors.push(err20);
}
errors++;
}
}
else {
const err21 = {instancePath:instancePath+"/units/" + i3,schemaPath:"#/properties/units/items/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema49.properties.units.items.type,parentSchema:schema49.properties.units.items,data:data10};
if(vErrors === null){
vErrors = [err21];
}
else {
vErrors.push(err21);
}
errors++;
}
}
}
else {
const err22 = {instancePath:instancePath+"/units",schemaPath:"#/properties/units/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema49.properties.units.type,parentSchema:schema49.properties.units,data:data9};
if(vErrors === null){
vErrors = [err22];
}
else {
vErrors.push(err22);
}
errors++;
}
}
if(data.cgroups !== undefined && func0.call(data, "cgroups")){
let data11 = data.cgroups;
if(Array.isArray(data11)){
if(data11.length > 1000){
const err23 = {instancePath:instancePath+"/cgroups",schemaPath:"#/properties/cgroups/maxItems",keyword:"maxItems",params:{limit: 1000},message:"must NOT have more than 1000 items",schema:1000,parentSchema:schema49.properties.cgroups,data:data11};
if(vErrors === null){
vErrors = [err23];
}
else {
vErrors.push(err23);
}
errors++;
}
if(data11.length < 1){
const err24 = {instancePath:instancePath+"/cgroups",schemaPath:"#/properties/cgroups/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items",schema:1,parentSchema:schema49.properties.cgroups,data:data11};
if(vErrors === null){
vErrors = [err24];
}
else {
vErrors.push(err24);
}
errors++;
}
const len4 = data11.length;
for(let i4=0; i4<len4; i4++){
let data12 = data11[i4];
if(typeof data12 === "string"){
if(!(formats54.validate(data12))){
const err25 = {instancePath:instancePath+"/cgroups/" + i4,schemaPath:"#/properties/cgroups/items/format",keyword:"format",params:{format: "cgroup-pattern"},message:"must match format \""+"cgroup-pattern"+"\"",schema:"cgroup-pattern",parentSchema:schema49.properties.cgroups.items,data:data12};
if(vErrors === null){
vErrors = [err25];
}
else {
vErrors.push(err25);
}
errors++;
}
}
else {
const err26 = {instancePath:instancePath+"/cgroups/" + i4,schemaPath:"#/properties/cgroups/items/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema49.properties.cgroups.items.type,parentSchema:schema49.properties.cgroups.items,data:data12};
if(vErrors === null){
vErrors = [err26];
}
else {
vErrors.push(err26);
}
errors++;
}
}
}
else {
const err27 = {instancePath:instancePath+"/cgroups",schemaPath:"#/properties/cgroups/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema49.properties.cgroups.type,parentSchema:schema49.properties.cgroups,data:data11};
if(vErrors === null){
vErrors = [err27];
}
else {
vErrors.push(err27);
}
errors++;
}
}
}
else {
const err28 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema49.type,parentSchema:schema49,data};
if(vErrors === null){
vErrors = [err28];
}
else {
vErrors.push(err28);
}
errors++;
}
validate46.errors = vErrors;
return errors === 0;
}


function validate45(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if((data.scope === undefined) || (!(func0.call(data, "scope")))){
const err0 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "scope"},message:"must have required property '"+"scope"+"'",schema:schema47.required,parentSchema:schema47,data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
for(const key0 of Object.keys(data)){
if(!(((((((key0 === "mode") || (key0 === "scope")) || (key0 === "select")) || (key0 === "code")) || (key0 === "anonymousCode")) || (key0 === "processes")) || (key0 === "deny"))){
const err1 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties",schema:false,parentSchema:schema47,data};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
}
if(data.mode !== undefined && func0.call(data, "mode")){
let data0 = data.mode;
if(!((data0 === "audit") || (data0 === "enforce"))){
const err2 = {instancePath:instancePath+"/mode",schemaPath:"#/$defs/Mode/enum",keyword:"enum",params:{allowedValues: schema16.enum},message:"must be equal to one of the allowed values",schema:schema16.enum,parentSchema:schema16,data:data0};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(data.scope !== undefined && func0.call(data, "scope")){
let data1 = data.scope;
if(!(((data1 === "pod") || (data1 === "unmanaged")) || (data1 === "host"))){
const err3 = {instancePath:instancePath+"/scope",schemaPath:"#/properties/scope/enum",keyword:"enum",params:{allowedValues: schema47.properties.scope.enum},message:"must be equal to one of the allowed values",schema:schema47.properties.scope.enum,parentSchema:schema47.properties.scope,data:data1};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
if(data.select !== undefined && func0.call(data, "select")){
if(!(validate46(data.select, {instancePath:instancePath+"/select",parentData:data,parentDataProperty:"select",rootData}))){
vErrors = vErrors === null ? validate46.errors : vErrors.concat(validate46.errors);
errors = vErrors.length;
}
}
if(data.code !== undefined && func0.call(data, "code")){
let data3 = data.code;
if(!((data3 === "any") || (data3 === "image"))){
const err4 = {instancePath:instancePath+"/code",schemaPath:"#/$defs/Code/enum",keyword:"enum",params:{allowedValues: schema22.enum},message:"must be equal to one of the allowed values",schema:schema22.enum,parentSchema:schema22,data:data3};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
if(data.anonymousCode !== undefined && func0.call(data, "anonymousCode")){
let data4 = data.anonymousCode;
if(!((data4 === "allow") || (data4 === "deny"))){
const err5 = {instancePath:instancePath+"/anonymousCode",schemaPath:"#/$defs/AnonymousCode/enum",keyword:"enum",params:{allowedValues: schema23.enum},message:"must be equal to one of the allowed values",schema:schema23.enum,parentSchema:schema23,data:data4};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
if(data.processes !== undefined && func0.call(data, "processes")){
let data5 = data.processes;
if(Array.isArray(data5)){
if(data5.length > 1000){
const err6 = {instancePath:instancePath+"/processes",schemaPath:"#/properties/processes/maxItems",keyword:"maxItems",params:{limit: 1000},message:"must NOT have more than 1000 items",schema:1000,parentSchema:schema47.properties.processes,data:data5};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
const len0 = data5.length;
for(let i0=0; i0<len0; i0++){
if(!(validate17(data5[i0], {instancePath:instancePath+"/processes/" + i0,parentData:data5,parentDataProperty:i0,rootData}))){
vErrors = vErrors === null ? validate17.errors : vErrors.concat(validate17.errors);
errors = vErrors.length;
}
}
}
else {
const err7 = {instancePath:instancePath+"/processes",schemaPath:"#/properties/processes/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema47.properties.processes.type,parentSchema:schema47.properties.processes,data:data5};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
if(data.deny !== undefined && func0.call(data, "deny")){
let data7 = data.deny;
if(Array.isArray(data7)){
if(data7.length > 1000){
const err8 = {instancePath:instancePath+"/deny",schemaPath:"#/properties/deny/maxItems",keyword:"maxItems",params:{limit: 1000},message:"must NOT have more than 1000 items",schema:1000,parentSchema:schema47.properties.deny,data:data7};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
const len1 = data7.length;
for(let i1=0; i1<len1; i1++){
if(!(validate32(data7[i1], {instancePath:instancePath+"/deny/" + i1,parentData:data7,parentDataProperty:i1,rootData}))){
vErrors = vErrors === null ? validate32.errors : vErrors.concat(validate32.errors);
errors = vErrors.length;
}
}
}
else {
const err9 = {instancePath:instancePath+"/deny",schemaPath:"#/properties/deny/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema47.properties.deny.type,parentSchema:schema47.properties.deny,data:data7};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
}
}
else {
const err10 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema47.type,parentSchema:schema47,data};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
validate45.errors = vErrors;
return errors === 0;
}


function validate76(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if((data.apiVersion === undefined) || (!(func0.call(data, "apiVersion")))){
const err0 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "apiVersion"},message:"must have required property '"+"apiVersion"+"'",schema:schema44.required,parentSchema:schema44,data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if((data.kind === undefined) || (!(func0.call(data, "kind")))){
const err1 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "kind"},message:"must have required property '"+"kind"+"'",schema:schema44.required,parentSchema:schema44,data};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if((data.metadata === undefined) || (!(func0.call(data, "metadata")))){
const err2 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "metadata"},message:"must have required property '"+"metadata"+"'",schema:schema44.required,parentSchema:schema44,data};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
if((data.spec === undefined) || (!(func0.call(data, "spec")))){
const err3 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "spec"},message:"must have required property '"+"spec"+"'",schema:schema44.required,parentSchema:schema44,data};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
for(const key0 of Object.keys(data)){
if(!(((((key0 === "apiVersion") || (key0 === "kind")) || (key0 === "metadata")) || (key0 === "spec")) || (key0 === "status"))){
const err4 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties",schema:false,parentSchema:schema44,data};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
if(data.apiVersion !== undefined && func0.call(data, "apiVersion")){
let data0 = data.apiVersion;
if("underpin.dev/v1alpha1" !== data0){
const err5 = {instancePath:instancePath+"/apiVersion",schemaPath:"#/$defs/ApiVersion/const",keyword:"const",params:{allowedValue: "underpin.dev/v1alpha1"},message:"must be equal to constant",schema:"underpin.dev/v1alpha1",parentSchema:schema13,data:data0};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
if(data.kind !== undefined && func0.call(data, "kind")){
let data1 = data.kind;
if("ClusterRuntimePolicy" !== data1){
const err6 = {instancePath:instancePath+"/kind",schemaPath:"#/properties/kind/const",keyword:"const",params:{allowedValue: "ClusterRuntimePolicy"},message:"must be equal to constant",schema:"ClusterRuntimePolicy",parentSchema:schema44.properties.kind,data:data1};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
}
if(data.metadata !== undefined && func0.call(data, "metadata")){
let data2 = data.metadata;
if(data2 && typeof data2 == "object" && !Array.isArray(data2)){
if((data2.name === undefined) || (!(func0.call(data2, "name")))){
const err7 = {instancePath:instancePath+"/metadata",schemaPath:"#/$defs/Metadata/required",keyword:"required",params:{missingProperty: "name"},message:"must have required property '"+"name"+"'",schema:schema14.required,parentSchema:schema14,data:data2};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
for(const key1 of Object.keys(data2)){
if(!(func0.call(schema14.properties, key1))){
const err8 = {instancePath:instancePath+"/metadata",schemaPath:"#/$defs/Metadata/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key1},message:"must NOT have additional properties",schema:false,parentSchema:schema14,data:data2};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
}
if(data2.name !== undefined && func0.call(data2, "name")){
let data3 = data2.name;
if(typeof data3 === "string"){
if(!(formats0.validate(data3))){
const err9 = {instancePath:instancePath+"/metadata/name",schemaPath:"#/$defs/Metadata/properties/name/format",keyword:"format",params:{format: "object-name"},message:"must match format \""+"object-name"+"\"",schema:"object-name",parentSchema:schema14.properties.name,data:data3};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
}
else {
const err10 = {instancePath:instancePath+"/metadata/name",schemaPath:"#/$defs/Metadata/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.name.type,parentSchema:schema14.properties.name,data:data3};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
}
if(data2.namespace !== undefined && func0.call(data2, "namespace")){
let data4 = data2.namespace;
if(typeof data4 === "string"){
if(!(formats2.validate(data4))){
const err11 = {instancePath:instancePath+"/metadata/namespace",schemaPath:"#/$defs/Metadata/properties/namespace/format",keyword:"format",params:{format: "label-name"},message:"must match format \""+"label-name"+"\"",schema:"label-name",parentSchema:schema14.properties.namespace,data:data4};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
}
else {
const err12 = {instancePath:instancePath+"/metadata/namespace",schemaPath:"#/$defs/Metadata/properties/namespace/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.namespace.type,parentSchema:schema14.properties.namespace,data:data4};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
}
if(data2.labels !== undefined && func0.call(data2, "labels")){
let data5 = data2.labels;
if(data5 && typeof data5 == "object" && !Array.isArray(data5)){
for(const key2 of Object.keys(data5)){
let data6 = data5[key2];
if(typeof data6 !== "string"){
const err13 = {instancePath:instancePath+"/metadata/labels/" + key2.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/$defs/Metadata/properties/labels/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.labels.additionalProperties.type,parentSchema:schema14.properties.labels.additionalProperties,data:data6};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
}
}
else {
const err14 = {instancePath:instancePath+"/metadata/labels",schemaPath:"#/$defs/Metadata/properties/labels/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema14.properties.labels.type,parentSchema:schema14.properties.labels,data:data5};
if(vErrors === null){
vErrors = [err14];
}
else {
vErrors.push(err14);
}
errors++;
}
}
if(data2.annotations !== undefined && func0.call(data2, "annotations")){
let data7 = data2.annotations;
if(data7 && typeof data7 == "object" && !Array.isArray(data7)){
for(const key3 of Object.keys(data7)){
let data8 = data7[key3];
if(typeof data8 !== "string"){
const err15 = {instancePath:instancePath+"/metadata/annotations/" + key3.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/$defs/Metadata/properties/annotations/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.annotations.additionalProperties.type,parentSchema:schema14.properties.annotations.additionalProperties,data:data8};
if(vErrors === null){
vErrors = [err15];
}
else {
vErrors.push(err15);
}
errors++;
}
}
}
else {
const err16 = {instancePath:instancePath+"/metadata/annotations",schemaPath:"#/$defs/Metadata/properties/annotations/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema14.properties.annotations.type,parentSchema:schema14.properties.annotations,data:data7};
if(vErrors === null){
vErrors = [err16];
}
else {
vErrors.push(err16);
}
errors++;
}
}
if(data2.generateName !== undefined && func0.call(data2, "generateName")){
let data9 = data2.generateName;
if(typeof data9 !== "string"){
const err17 = {instancePath:instancePath+"/metadata/generateName",schemaPath:"#/$defs/Metadata/properties/generateName/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.generateName.type,parentSchema:schema14.properties.generateName,data:data9};
if(vErrors === null){
vErrors = [err17];
}
else {
vErrors.push(err17);
}
errors++;
}
}
if(data2.uid !== undefined && func0.call(data2, "uid")){
let data10 = data2.uid;
if(typeof data10 !== "string"){
const err18 = {instancePath:instancePath+"/metadata/uid",schemaPath:"#/$defs/Metadata/properties/uid/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.uid.type,parentSchema:schema14.properties.uid,data:data10};
if(vErrors === null){
vErrors = [err18];
}
else {
vErrors.push(err18);
}
errors++;
}
}
if(data2.resourceVersion !== undefined && func0.call(data2, "resourceVersion")){
let data11 = data2.resourceVersion;
if(typeof data11 !== "string"){
const err19 = {instancePath:instancePath+"/metadata/resourceVersion",schemaPath:"#/$defs/Metadata/properties/resourceVersion/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.resourceVersion.type,parentSchema:schema14.properties.resourceVersion,data:data11};
if(vErrors === null){
vErrors = [err19];
}
else {
vErrors.push(err19);
}
errors++;
}
}
if(data2.generation !== undefined && func0.call(data2, "generation")){
let data12 = data2.generation;
if(!(((typeof data12 == "number") && (!(data12 % 1) && !isNaN(data12))) && (isFinite(data12)))){
const err20 = {instancePath:instancePath+"/metadata/generation",schemaPath:"#/$defs/Metadata/properties/generation/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema14.properties.generation.type,parentSchema:schema14.properties.generation,data:data12};
if(vErrors === null){
vErrors = [err20];
}
else {
vErrors.push(err20);
}
errors++;
}
}
if(data2.selfLink !== undefined && func0.call(data2, "selfLink")){
let data13 = data2.selfLink;
if(typeof data13 !== "string"){
const err21 = {instancePath:instancePath+"/metadata/selfLink",schemaPath:"#/$defs/Metadata/properties/selfLink/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.selfLink.type,parentSchema:schema14.properties.selfLink,data:data13};
if(vErrors === null){
vErrors = [err21];
}
else {
vErrors.push(err21);
}
errors++;
}
}
if(data2.creationTimestamp !== undefined && func0.call(data2, "creationTimestamp")){
let data14 = data2.creationTimestamp;
if((typeof data14 !== "string") && (data14 !== null)){
const err22 = {instancePath:instancePath+"/metadata/creationTimestamp",schemaPath:"#/$defs/Metadata/properties/creationTimestamp/type",keyword:"type",params:{type: schema14.properties.creationTimestamp.type},message:"must be string,null",schema:schema14.properties.creationTimestamp.type,parentSchema:schema14.properties.creationTimestamp,data:data14};
if(vErrors === null){
vErrors = [err22];
}
else {
vErrors.push(err22);
}
errors++;
}
}
if(data2.deletionTimestamp !== undefined && func0.call(data2, "deletionTimestamp")){
let data15 = data2.deletionTimestamp;
if(typeof data15 !== "string"){
const err23 = {instancePath:instancePath+"/metadata/deletionTimestamp",schemaPath:"#/$defs/Metadata/properties/deletionTimestamp/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.deletionTimestamp.type,parentSchema:schema14.properties.deletionTimestamp,data:data15};
if(vErrors === null){
vErrors = [err23];
}
else {
vErrors.push(err23);
}
errors++;
}
}
if(data2.deletionGracePeriodSeconds !== undefined && func0.call(data2, "deletionGracePeriodSeconds")){
let data16 = data2.deletionGracePeriodSeconds;
if(!(((typeof data16 == "number") && (!(data16 % 1) && !isNaN(data16))) && (isFinite(data16)))){
const err24 = {instancePath:instancePath+"/metadata/deletionGracePeriodSeconds",schemaPath:"#/$defs/Metadata/properties/deletionGracePeriodSeconds/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema14.properties.deletionGracePeriodSeconds.type,parentSchema:schema14.properties.deletionGracePeriodSeconds,data:data16};
if(vErrors === null){
vErrors = [err24];
}
else {
vErrors.push(err24);
}
errors++;
}
}
if(data2.finalizers !== undefined && func0.call(data2, "finalizers")){
let data17 = data2.finalizers;
if(Array.isArray(data17)){
const len0 = data17.length;
for(let i0=0; i0<len0; i0++){
let data18 = data17[i0];
if(typeof data18 !== "string"){
const err25 = {instancePath:instancePath+"/metadata/finalizers/" + i0,schemaPath:"#/$defs/Metadata/properties/finalizers/items/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.finalizers.items.type,parentSchema:schema14.properties.finalizers.items,data:data18};
if(vErrors === null){
vErrors = [err25];
}
else {
vErrors.push(err25);
}
errors++;
}
}
}
else {
const err26 = {instancePath:instancePath+"/metadata/finalizers",schemaPath:"#/$defs/Metadata/properties/finalizers/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema14.properties.finalizers.type,parentSchema:schema14.properties.finalizers,data:data17};
if(vErrors === null){
vErrors = [err26];
}
else {
vErrors.push(err26);
}
errors++;
}
}
if(data2.ownerReferences !== undefined && func0.call(data2, "ownerReferences")){
let data19 = data2.ownerReferences;
if(Array.isArray(data19)){
const len1 = data19.length;
for(let i1=0; i1<len1; i1++){
let data20 = data19[i1];
if(!(data20 && typeof data20 == "object" && !Array.isArray(data20))){
const err27 = {instancePath:instancePath+"/metadata/ownerReferences/" + i1,schemaPath:"#/$defs/Metadata/properties/ownerReferences/items/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema14.properties.ownerReferences.items.type,parentSchema:schema14.properties.ownerReferences.items,data:data20};
if(vErrors === null){
vErrors = [err27];
}
else {
vErrors.push(err27);
}
errors++;
}
}
}
else {
const err28 = {instancePath:instancePath+"/metadata/ownerReferences",schemaPath:"#/$defs/Metadata/properties/ownerReferences/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema14.properties.ownerReferences.type,parentSchema:schema14.properties.ownerReferences,data:data19};
if(vErrors === null){
vErrors = [err28];
}
else {
vErrors.push(err28);
}
errors++;
}
}
if(data2.managedFields !== undefined && func0.call(data2, "managedFields")){
let data21 = data2.managedFields;
if(Array.isArray(data21)){
const len2 = data21.length;
for(let i2=0; i2<len2; i2++){
let data22 = data21[i2];
if(!(data22 && typeof data22 == "object" && !Array.isArray(data22))){
const err29 = {instancePath:instancePath+"/metadata/managedFields/" + i2,schemaPath:"#/$defs/Metadata/properties/managedFields/items/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema14.properties.managedFields.items.type,parentSchema:schema14.properties.managedFields.items,data:data22};
if(vErrors === null){
vErrors = [err29];
}
else {
vErrors.push(err29);
}
errors++;
}
}
}
else {
const err30 = {instancePath:instancePath+"/metadata/managedFields",schemaPath:"#/$defs/Metadata/properties/managedFields/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema14.properties.managedFields.type,parentSchema:schema14.properties.managedFields,data:data21};
if(vErrors === null){
vErrors = [err30];
}
else {
vErrors.push(err30);
}
errors++;
}
}
}
else {
const err31 = {instancePath:instancePath+"/metadata",schemaPath:"#/$defs/Metadata/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema14.type,parentSchema:schema14,data:data2};
if(vErrors === null){
vErrors = [err31];
}
else {
vErrors.push(err31);
}
errors++;
}
}
if(data.spec !== undefined && func0.call(data, "spec")){
if(!(validate45(data.spec, {instancePath:instancePath+"/spec",parentData:data,parentDataProperty:"spec",rootData}))){
vErrors = vErrors === null ? validate45.errors : vErrors.concat(validate45.errors);
errors = vErrors.length;
}
}
if(data.status !== undefined && func0.call(data, "status")){
if(!(validate39(data.status, {instancePath:instancePath+"/status",parentData:data,parentDataProperty:"status",rootData}))){
vErrors = vErrors === null ? validate39.errors : vErrors.concat(validate39.errors);
errors = vErrors.length;
}
}
}
else {
const err32 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema44.type,parentSchema:schema44,data};
if(vErrors === null){
vErrors = [err32];
}
else {
vErrors.push(err32);
}
errors++;
}
validate76.errors = vErrors;
return errors === 0;
}

export const CoveragePolicy = validate79;
const schema54 = {"type":"object","additionalProperties":false,"required":["apiVersion","kind","metadata","spec"],"properties":{"apiVersion":{"$ref":"#/$defs/ApiVersion"},"kind":{"const":"CoveragePolicy"},"metadata":{"$ref":"#/$defs/Metadata"},"spec":{"$ref":"#/$defs/CoverageSpec"},"status":{"$ref":"#/$defs/CoverageStatus"}}};
const schema57 = {"type":"object","additionalProperties":false,"required":["meshes","namespaces"],"properties":{"meshes":{"type":"array","minItems":1,"maxItems":20,"items":{"$ref":"#/$defs/MeshName"}},"namespaces":{"type":"array","minItems":1,"maxItems":100,"items":{"$ref":"#/$defs/NamespaceClass"}},"exemptions":{"type":"array","maxItems":1000,"items":{"$ref":"#/$defs/Exemption"}},"checks":{"type":"array","maxItems":100,"items":{"$ref":"#/$defs/CoverageCheck"}}}};
const schema58 = {"type":"string","format":"label-name"};
const schema59 = {"type":"object","additionalProperties":false,"required":["name","select","mode"],"properties":{"name":{"type":"string","format":"label-name"},"select":{"type":"object","additionalProperties":false,"required":["namespaces"],"properties":{"namespaces":{"$ref":"#/$defs/LabelSelector"}}},"mode":{"$ref":"#/$defs/CoverageMode"},"meshes":{"type":"array","minItems":1,"maxItems":20,"items":{"$ref":"#/$defs/MeshName"}}}};
const schema60 = {"enum":["audit","warn","deny"]};

function validate57(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if((data.name === undefined) || (!(func0.call(data, "name")))){
const err0 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "name"},message:"must have required property '"+"name"+"'",schema:schema59.required,parentSchema:schema59,data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if((data.select === undefined) || (!(func0.call(data, "select")))){
const err1 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "select"},message:"must have required property '"+"select"+"'",schema:schema59.required,parentSchema:schema59,data};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if((data.mode === undefined) || (!(func0.call(data, "mode")))){
const err2 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "mode"},message:"must have required property '"+"mode"+"'",schema:schema59.required,parentSchema:schema59,data};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
for(const key0 of Object.keys(data)){
if(!((((key0 === "name") || (key0 === "select")) || (key0 === "mode")) || (key0 === "meshes"))){
const err3 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties",schema:false,parentSchema:schema59,data};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
if(data.name !== undefined && func0.call(data, "name")){
let data0 = data.name;
if(typeof data0 === "string"){
if(!(formats2.validate(data0))){
const err4 = {instancePath:instancePath+"/name",schemaPath:"#/properties/name/format",keyword:"format",params:{format: "label-name"},message:"must match format \""+"label-name"+"\"",schema:"label-name",parentSchema:schema59.properties.name,data:data0};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
else {
const err5 = {instancePath:instancePath+"/name",schemaPath:"#/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema59.properties.name.type,parentSchema:schema59.properties.name,data:data0};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
if(data.select !== undefined && func0.call(data, "select")){
let data1 = data.select;
if(data1 && typeof data1 == "object" && !Array.isArray(data1)){
if((data1.namespaces === undefined) || (!(func0.call(data1, "namespaces")))){
const err6 = {instancePath:instancePath+"/select",schemaPath:"#/properties/select/required",keyword:"required",params:{missingProperty: "namespaces"},message:"must have required property '"+"namespaces"+"'",schema:schema59.properties.select.required,parentSchema:schema59.properties.select,data:data1};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
for(const key1 of Object.keys(data1)){
if(!(key1 === "namespaces")){
const err7 = {instancePath:instancePath+"/select",schemaPath:"#/properties/select/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key1},message:"must NOT have additional properties",schema:false,parentSchema:schema59.properties.select,data:data1};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
if(data1.namespaces !== undefined && func0.call(data1, "namespaces")){
if(!(validate14(data1.namespaces, {instancePath:instancePath+"/select/namespaces",parentData:data1,parentDataProperty:"namespaces",rootData}))){
vErrors = vErrors === null ? validate14.errors : vErrors.concat(validate14.errors);
errors = vErrors.length;
}
}
}
else {
const err8 = {instancePath:instancePath+"/select",schemaPath:"#/properties/select/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema59.properties.select.type,parentSchema:schema59.properties.select,data:data1};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
}
if(data.mode !== undefined && func0.call(data, "mode")){
let data3 = data.mode;
if(!(((data3 === "audit") || (data3 === "warn")) || (data3 === "deny"))){
const err9 = {instancePath:instancePath+"/mode",schemaPath:"#/$defs/CoverageMode/enum",keyword:"enum",params:{allowedValues: schema60.enum},message:"must be equal to one of the allowed values",schema:schema60.enum,parentSchema:schema60,data:data3};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
}
if(data.meshes !== undefined && func0.call(data, "meshes")){
let data4 = data.meshes;
if(Array.isArray(data4)){
if(data4.length > 20){
const err10 = {instancePath:instancePath+"/meshes",schemaPath:"#/properties/meshes/maxItems",keyword:"maxItems",params:{limit: 20},message:"must NOT have more than 20 items",schema:20,parentSchema:schema59.properties.meshes,data:data4};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
if(data4.length < 1){
const err11 = {instancePath:instancePath+"/meshes",schemaPath:"#/properties/meshes/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items",schema:1,parentSchema:schema59.properties.meshes,data:data4};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
const len0 = data4.length;
for(let i0=0; i0<len0; i0++){
let data5 = data4[i0];
if(typeof data5 === "string"){
if(!(formats2.validate(data5))){
const err12 = {instancePath:instancePath+"/meshes/" + i0,schemaPath:"#/$defs/MeshName/format",keyword:"format",params:{format: "label-name"},message:"must match format \""+"label-name"+"\"",schema:"label-name",parentSchema:schema58,data:data5};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
}
else {
const err13 = {instancePath:instancePath+"/meshes/" + i0,schemaPath:"#/$defs/MeshName/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema58.type,parentSchema:schema58,data:data5};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
}
}
else {
const err14 = {instancePath:instancePath+"/meshes",schemaPath:"#/properties/meshes/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema59.properties.meshes.type,parentSchema:schema59.properties.meshes,data:data4};
if(vErrors === null){
vErrors = [err14];
}
else {
vErrors.push(err14);
}
errors++;
}
}
}
else {
const err15 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema59.type,parentSchema:schema59,data};
if(vErrors === null){
vErrors = [err15];
}
else {
vErrors.push(err15);
}
errors++;
}
validate57.errors = vErrors;
return errors === 0;
}

const schema62 = {"type":"object","additionalProperties":false,"required":["owner","reason","expires"],"anyOf":[{"required":["namespaces"]},{"required":["workloads"]}],"properties":{"namespaces":{"$ref":"#/$defs/LabelSelector"},"workloads":{"$ref":"#/$defs/WorkloadSelection"},"findings":{"type":"array","minItems":1,"maxItems":100,"items":{"type":"string","format":"label-name"}},"owner":{"type":"string","minLength":1,"maxLength":253},"reason":{"type":"string","minLength":1,"maxLength":1000},"expires":{"type":"string","format":"date"}}};
const func249 = (text) => [...text].length;
const schema63 = {"type":"object","additionalProperties":false,"minProperties":1,"properties":{"kinds":{"type":"array","minItems":1,"maxItems":100,"items":{"type":"string","minLength":1,"maxLength":63}},"names":{"type":"array","minItems":1,"maxItems":1000,"items":{"type":"string","format":"name-pattern"}},"labels":{"$ref":"#/$defs/LabelSelector"}}};

function validate62(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if(Object.keys(data).length < 1){
const err0 = {instancePath,schemaPath:"#/minProperties",keyword:"minProperties",params:{limit: 1},message:"must NOT have fewer than 1 properties",schema:1,parentSchema:schema63,data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
for(const key0 of Object.keys(data)){
if(!(((key0 === "kinds") || (key0 === "names")) || (key0 === "labels"))){
const err1 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties",schema:false,parentSchema:schema63,data};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
}
if(data.kinds !== undefined && func0.call(data, "kinds")){
let data0 = data.kinds;
if(Array.isArray(data0)){
if(data0.length > 100){
const err2 = {instancePath:instancePath+"/kinds",schemaPath:"#/properties/kinds/maxItems",keyword:"maxItems",params:{limit: 100},message:"must NOT have more than 100 items",schema:100,parentSchema:schema63.properties.kinds,data:data0};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
if(data0.length < 1){
const err3 = {instancePath:instancePath+"/kinds",schemaPath:"#/properties/kinds/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items",schema:1,parentSchema:schema63.properties.kinds,data:data0};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
const len0 = data0.length;
for(let i0=0; i0<len0; i0++){
let data1 = data0[i0];
if(typeof data1 === "string"){
if(func249(data1) > 63){
const err4 = {instancePath:instancePath+"/kinds/" + i0,schemaPath:"#/properties/kinds/items/maxLength",keyword:"maxLength",params:{limit: 63},message:"must NOT have more than 63 characters",schema:63,parentSchema:schema63.properties.kinds.items,data:data1};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
if(func249(data1) < 1){
const err5 = {instancePath:instancePath+"/kinds/" + i0,schemaPath:"#/properties/kinds/items/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",schema:1,parentSchema:schema63.properties.kinds.items,data:data1};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
else {
const err6 = {instancePath:instancePath+"/kinds/" + i0,schemaPath:"#/properties/kinds/items/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema63.properties.kinds.items.type,parentSchema:schema63.properties.kinds.items,data:data1};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
}
}
else {
const err7 = {instancePath:instancePath+"/kinds",schemaPath:"#/properties/kinds/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema63.properties.kinds.type,parentSchema:schema63.properties.kinds,data:data0};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
if(data.names !== undefined && func0.call(data, "names")){
let data2 = data.names;
if(Array.isArray(data2)){
if(data2.length > 1000){
const err8 = {instancePath:instancePath+"/names",schemaPath:"#/properties/names/maxItems",keyword:"maxItems",params:{limit: 1000},message:"must NOT have more than 1000 items",schema:1000,parentSchema:schema63.properties.names,data:data2};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
if(data2.length < 1){
const err9 = {instancePath:instancePath+"/names",schemaPath:"#/properties/names/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items",schema:1,parentSchema:schema63.properties.names,data:data2};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
const len1 = data2.length;
for(let i1=0; i1<len1; i1++){
let data3 = data2[i1];
if(typeof data3 === "string"){
if(!(formats48.validate(data3))){
const err10 = {instancePath:instancePath+"/names/" + i1,schemaPath:"#/properties/names/items/format",keyword:"format",params:{format: "name-pattern"},message:"must match format \""+"name-pattern"+"\"",schema:"name-pattern",parentSchema:schema63.properties.names.items,data:data3};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
}
else {
const err11 = {instancePath:instancePath+"/names/" + i1,schemaPath:"#/properties/names/items/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema63.properties.names.items.type,parentSchema:schema63.properties.names.items,data:data3};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
}
}
else {
const err12 = {instancePath:instancePath+"/names",schemaPath:"#/properties/names/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema63.properties.names.type,parentSchema:schema63.properties.names,data:data2};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
}
if(data.labels !== undefined && func0.call(data, "labels")){
if(!(validate14(data.labels, {instancePath:instancePath+"/labels",parentData:data,parentDataProperty:"labels",rootData}))){
vErrors = vErrors === null ? validate14.errors : vErrors.concat(validate14.errors);
errors = vErrors.length;
}
}
}
else {
const err13 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema63.type,parentSchema:schema63,data};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
validate62.errors = vErrors;
return errors === 0;
}

const formats70 = formats.date;

function validate60(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
const _errs1 = errors;
let valid0 = false;
const _errs2 = errors;
if(data && typeof data == "object" && !Array.isArray(data)){
if((data.namespaces === undefined) || (!(func0.call(data, "namespaces")))){
const err0 = {instancePath,schemaPath:"#/anyOf/0/required",keyword:"required",params:{missingProperty: "namespaces"},message:"must have required property '"+"namespaces"+"'",schema:schema62.anyOf[0].required,parentSchema:schema62.anyOf[0],data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
}
var _valid0 = _errs2 === errors;
valid0 = valid0 || _valid0;
if(!valid0){
const _errs3 = errors;
if(data && typeof data == "object" && !Array.isArray(data)){
if((data.workloads === undefined) || (!(func0.call(data, "workloads")))){
const err1 = {instancePath,schemaPath:"#/anyOf/1/required",keyword:"required",params:{missingProperty: "workloads"},message:"must have required property '"+"workloads"+"'",schema:schema62.anyOf[1].required,parentSchema:schema62.anyOf[1],data};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
}
var _valid0 = _errs3 === errors;
valid0 = valid0 || _valid0;
}
if(!valid0){
const err2 = {instancePath,schemaPath:"#/anyOf",keyword:"anyOf",params:{},message:"must match a schema in anyOf",schema:schema62.anyOf,parentSchema:schema62,data};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
else {
errors = _errs1;
if(vErrors !== null){
if(_errs1){
vErrors.length = _errs1;
}
else {
vErrors = null;
}
}
}
if(data && typeof data == "object" && !Array.isArray(data)){
if((data.owner === undefined) || (!(func0.call(data, "owner")))){
const err3 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "owner"},message:"must have required property '"+"owner"+"'",schema:schema62.required,parentSchema:schema62,data};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
if((data.reason === undefined) || (!(func0.call(data, "reason")))){
const err4 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "reason"},message:"must have required property '"+"reason"+"'",schema:schema62.required,parentSchema:schema62,data};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
if((data.expires === undefined) || (!(func0.call(data, "expires")))){
const err5 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "expires"},message:"must have required property '"+"expires"+"'",schema:schema62.required,parentSchema:schema62,data};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
for(const key0 of Object.keys(data)){
if(!((((((key0 === "namespaces") || (key0 === "workloads")) || (key0 === "findings")) || (key0 === "owner")) || (key0 === "reason")) || (key0 === "expires"))){
const err6 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties",schema:false,parentSchema:schema62,data};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
}
if(data.namespaces !== undefined && func0.call(data, "namespaces")){
if(!(validate14(data.namespaces, {instancePath:instancePath+"/namespaces",parentData:data,parentDataProperty:"namespaces",rootData}))){
vErrors = vErrors === null ? validate14.errors : vErrors.concat(validate14.errors);
errors = vErrors.length;
}
}
if(data.workloads !== undefined && func0.call(data, "workloads")){
if(!(validate62(data.workloads, {instancePath:instancePath+"/workloads",parentData:data,parentDataProperty:"workloads",rootData}))){
vErrors = vErrors === null ? validate62.errors : vErrors.concat(validate62.errors);
errors = vErrors.length;
}
}
if(data.findings !== undefined && func0.call(data, "findings")){
let data2 = data.findings;
if(Array.isArray(data2)){
if(data2.length > 100){
const err7 = {instancePath:instancePath+"/findings",schemaPath:"#/properties/findings/maxItems",keyword:"maxItems",params:{limit: 100},message:"must NOT have more than 100 items",schema:100,parentSchema:schema62.properties.findings,data:data2};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
if(data2.length < 1){
const err8 = {instancePath:instancePath+"/findings",schemaPath:"#/properties/findings/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items",schema:1,parentSchema:schema62.properties.findings,data:data2};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
const len0 = data2.length;
for(let i0=0; i0<len0; i0++){
let data3 = data2[i0];
if(typeof data3 === "string"){
if(!(formats2.validate(data3))){
const err9 = {instancePath:instancePath+"/findings/" + i0,schemaPath:"#/properties/findings/items/format",keyword:"format",params:{format: "label-name"},message:"must match format \""+"label-name"+"\"",schema:"label-name",parentSchema:schema62.properties.findings.items,data:data3};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
}
else {
const err10 = {instancePath:instancePath+"/findings/" + i0,schemaPath:"#/properties/findings/items/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema62.properties.findings.items.type,parentSchema:schema62.properties.findings.items,data:data3};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
}
}
else {
const err11 = {instancePath:instancePath+"/findings",schemaPath:"#/properties/findings/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema62.properties.findings.type,parentSchema:schema62.properties.findings,data:data2};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
}
if(data.owner !== undefined && func0.call(data, "owner")){
let data4 = data.owner;
if(typeof data4 === "string"){
if(func249(data4) > 253){
const err12 = {instancePath:instancePath+"/owner",schemaPath:"#/properties/owner/maxLength",keyword:"maxLength",params:{limit: 253},message:"must NOT have more than 253 characters",schema:253,parentSchema:schema62.properties.owner,data:data4};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
if(func249(data4) < 1){
const err13 = {instancePath:instancePath+"/owner",schemaPath:"#/properties/owner/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",schema:1,parentSchema:schema62.properties.owner,data:data4};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
}
else {
const err14 = {instancePath:instancePath+"/owner",schemaPath:"#/properties/owner/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema62.properties.owner.type,parentSchema:schema62.properties.owner,data:data4};
if(vErrors === null){
vErrors = [err14];
}
else {
vErrors.push(err14);
}
errors++;
}
}
if(data.reason !== undefined && func0.call(data, "reason")){
let data5 = data.reason;
if(typeof data5 === "string"){
if(func249(data5) > 1000){
const err15 = {instancePath:instancePath+"/reason",schemaPath:"#/properties/reason/maxLength",keyword:"maxLength",params:{limit: 1000},message:"must NOT have more than 1000 characters",schema:1000,parentSchema:schema62.properties.reason,data:data5};
if(vErrors === null){
vErrors = [err15];
}
else {
vErrors.push(err15);
}
errors++;
}
if(func249(data5) < 1){
const err16 = {instancePath:instancePath+"/reason",schemaPath:"#/properties/reason/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",schema:1,parentSchema:schema62.properties.reason,data:data5};
if(vErrors === null){
vErrors = [err16];
}
else {
vErrors.push(err16);
}
errors++;
}
}
else {
const err17 = {instancePath:instancePath+"/reason",schemaPath:"#/properties/reason/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema62.properties.reason.type,parentSchema:schema62.properties.reason,data:data5};
if(vErrors === null){
vErrors = [err17];
}
else {
vErrors.push(err17);
}
errors++;
}
}
if(data.expires !== undefined && func0.call(data, "expires")){
let data6 = data.expires;
if(typeof data6 === "string"){
if(!(formats70.validate(data6))){
const err18 = {instancePath:instancePath+"/expires",schemaPath:"#/properties/expires/format",keyword:"format",params:{format: "date"},message:"must match format \""+"date"+"\"",schema:"date",parentSchema:schema62.properties.expires,data:data6};
if(vErrors === null){
vErrors = [err18];
}
else {
vErrors.push(err18);
}
errors++;
}
}
else {
const err19 = {instancePath:instancePath+"/expires",schemaPath:"#/properties/expires/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema62.properties.expires.type,parentSchema:schema62.properties.expires,data:data6};
if(vErrors === null){
vErrors = [err19];
}
else {
vErrors.push(err19);
}
errors++;
}
}
}
else {
const err20 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema62.type,parentSchema:schema62,data};
if(vErrors === null){
vErrors = [err20];
}
else {
vErrors.push(err20);
}
errors++;
}
validate60.errors = vErrors;
return errors === 0;
}

const schema64 = {"type":"object","additionalProperties":false,"required":["name","expression","message"],"properties":{"name":{"type":"string","format":"label-name"},"expression":{"type":"string","format":"check-expression"},"message":{"type":"string","minLength":1,"maxLength":1000},"mode":{"$ref":"#/$defs/CoverageMode"}}};
const formats74 = formats["check-expression"];

function validate66(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if((data.name === undefined) || (!(func0.call(data, "name")))){
const err0 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "name"},message:"must have required property '"+"name"+"'",schema:schema64.required,parentSchema:schema64,data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if((data.expression === undefined) || (!(func0.call(data, "expression")))){
const err1 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "expression"},message:"must have required property '"+"expression"+"'",schema:schema64.required,parentSchema:schema64,data};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if((data.message === undefined) || (!(func0.call(data, "message")))){
const err2 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "message"},message:"must have required property '"+"message"+"'",schema:schema64.required,parentSchema:schema64,data};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
for(const key0 of Object.keys(data)){
if(!((((key0 === "name") || (key0 === "expression")) || (key0 === "message")) || (key0 === "mode"))){
const err3 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties",schema:false,parentSchema:schema64,data};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
if(data.name !== undefined && func0.call(data, "name")){
let data0 = data.name;
if(typeof data0 === "string"){
if(!(formats2.validate(data0))){
const err4 = {instancePath:instancePath+"/name",schemaPath:"#/properties/name/format",keyword:"format",params:{format: "label-name"},message:"must match format \""+"label-name"+"\"",schema:"label-name",parentSchema:schema64.properties.name,data:data0};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
else {
const err5 = {instancePath:instancePath+"/name",schemaPath:"#/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema64.properties.name.type,parentSchema:schema64.properties.name,data:data0};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
if(data.expression !== undefined && func0.call(data, "expression")){
let data1 = data.expression;
if(typeof data1 === "string"){
if(!(formats74.validate(data1))){
const err6 = {instancePath:instancePath+"/expression",schemaPath:"#/properties/expression/format",keyword:"format",params:{format: "check-expression"},message:"must match format \""+"check-expression"+"\"",schema:"check-expression",parentSchema:schema64.properties.expression,data:data1};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
}
else {
const err7 = {instancePath:instancePath+"/expression",schemaPath:"#/properties/expression/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema64.properties.expression.type,parentSchema:schema64.properties.expression,data:data1};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
if(data.message !== undefined && func0.call(data, "message")){
let data2 = data.message;
if(typeof data2 === "string"){
if(func249(data2) > 1000){
const err8 = {instancePath:instancePath+"/message",schemaPath:"#/properties/message/maxLength",keyword:"maxLength",params:{limit: 1000},message:"must NOT have more than 1000 characters",schema:1000,parentSchema:schema64.properties.message,data:data2};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
if(func249(data2) < 1){
const err9 = {instancePath:instancePath+"/message",schemaPath:"#/properties/message/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",schema:1,parentSchema:schema64.properties.message,data:data2};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
}
else {
const err10 = {instancePath:instancePath+"/message",schemaPath:"#/properties/message/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema64.properties.message.type,parentSchema:schema64.properties.message,data:data2};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
}
if(data.mode !== undefined && func0.call(data, "mode")){
let data3 = data.mode;
if(!(((data3 === "audit") || (data3 === "warn")) || (data3 === "deny"))){
const err11 = {instancePath:instancePath+"/mode",schemaPath:"#/$defs/CoverageMode/enum",keyword:"enum",params:{allowedValues: schema60.enum},message:"must be equal to one of the allowed values",schema:schema60.enum,parentSchema:schema60,data:data3};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
}
}
else {
const err12 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema64.type,parentSchema:schema64,data};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
validate66.errors = vErrors;
return errors === 0;
}


function validate56(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if((data.meshes === undefined) || (!(func0.call(data, "meshes")))){
const err0 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "meshes"},message:"must have required property '"+"meshes"+"'",schema:schema57.required,parentSchema:schema57,data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if((data.namespaces === undefined) || (!(func0.call(data, "namespaces")))){
const err1 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "namespaces"},message:"must have required property '"+"namespaces"+"'",schema:schema57.required,parentSchema:schema57,data};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
for(const key0 of Object.keys(data)){
if(!((((key0 === "meshes") || (key0 === "namespaces")) || (key0 === "exemptions")) || (key0 === "checks"))){
const err2 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties",schema:false,parentSchema:schema57,data};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(data.meshes !== undefined && func0.call(data, "meshes")){
let data0 = data.meshes;
if(Array.isArray(data0)){
if(data0.length > 20){
const err3 = {instancePath:instancePath+"/meshes",schemaPath:"#/properties/meshes/maxItems",keyword:"maxItems",params:{limit: 20},message:"must NOT have more than 20 items",schema:20,parentSchema:schema57.properties.meshes,data:data0};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
if(data0.length < 1){
const err4 = {instancePath:instancePath+"/meshes",schemaPath:"#/properties/meshes/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items",schema:1,parentSchema:schema57.properties.meshes,data:data0};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
const len0 = data0.length;
for(let i0=0; i0<len0; i0++){
let data1 = data0[i0];
if(typeof data1 === "string"){
if(!(formats2.validate(data1))){
const err5 = {instancePath:instancePath+"/meshes/" + i0,schemaPath:"#/$defs/MeshName/format",keyword:"format",params:{format: "label-name"},message:"must match format \""+"label-name"+"\"",schema:"label-name",parentSchema:schema58,data:data1};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
else {
const err6 = {instancePath:instancePath+"/meshes/" + i0,schemaPath:"#/$defs/MeshName/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema58.type,parentSchema:schema58,data:data1};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
}
}
else {
const err7 = {instancePath:instancePath+"/meshes",schemaPath:"#/properties/meshes/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema57.properties.meshes.type,parentSchema:schema57.properties.meshes,data:data0};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
if(data.namespaces !== undefined && func0.call(data, "namespaces")){
let data2 = data.namespaces;
if(Array.isArray(data2)){
if(data2.length > 100){
const err8 = {instancePath:instancePath+"/namespaces",schemaPath:"#/properties/namespaces/maxItems",keyword:"maxItems",params:{limit: 100},message:"must NOT have more than 100 items",schema:100,parentSchema:schema57.properties.namespaces,data:data2};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
if(data2.length < 1){
const err9 = {instancePath:instancePath+"/namespaces",schemaPath:"#/properties/namespaces/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items",schema:1,parentSchema:schema57.properties.namespaces,data:data2};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
const len1 = data2.length;
for(let i1=0; i1<len1; i1++){
if(!(validate57(data2[i1], {instancePath:instancePath+"/namespaces/" + i1,parentData:data2,parentDataProperty:i1,rootData}))){
vErrors = vErrors === null ? validate57.errors : vErrors.concat(validate57.errors);
errors = vErrors.length;
}
}
}
else {
const err10 = {instancePath:instancePath+"/namespaces",schemaPath:"#/properties/namespaces/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema57.properties.namespaces.type,parentSchema:schema57.properties.namespaces,data:data2};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
}
if(data.exemptions !== undefined && func0.call(data, "exemptions")){
let data4 = data.exemptions;
if(Array.isArray(data4)){
if(data4.length > 1000){
const err11 = {instancePath:instancePath+"/exemptions",schemaPath:"#/properties/exemptions/maxItems",keyword:"maxItems",params:{limit: 1000},message:"must NOT have more than 1000 items",schema:1000,parentSchema:schema57.properties.exemptions,data:data4};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
const len2 = data4.length;
for(let i2=0; i2<len2; i2++){
if(!(validate60(data4[i2], {instancePath:instancePath+"/exemptions/" + i2,parentData:data4,parentDataProperty:i2,rootData}))){
vErrors = vErrors === null ? validate60.errors : vErrors.concat(validate60.errors);
errors = vErrors.length;
}
}
}
else {
const err12 = {instancePath:instancePath+"/exemptions",schemaPath:"#/properties/exemptions/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema57.properties.exemptions.type,parentSchema:schema57.properties.exemptions,data:data4};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
}
if(data.checks !== undefined && func0.call(data, "checks")){
let data6 = data.checks;
if(Array.isArray(data6)){
if(data6.length > 100){
const err13 = {instancePath:instancePath+"/checks",schemaPath:"#/properties/checks/maxItems",keyword:"maxItems",params:{limit: 100},message:"must NOT have more than 100 items",schema:100,parentSchema:schema57.properties.checks,data:data6};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
const len3 = data6.length;
for(let i3=0; i3<len3; i3++){
if(!(validate66(data6[i3], {instancePath:instancePath+"/checks/" + i3,parentData:data6,parentDataProperty:i3,rootData}))){
vErrors = vErrors === null ? validate66.errors : vErrors.concat(validate66.errors);
errors = vErrors.length;
}
}
}
else {
const err14 = {instancePath:instancePath+"/checks",schemaPath:"#/properties/checks/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema57.properties.checks.type,parentSchema:schema57.properties.checks,data:data6};
if(vErrors === null){
vErrors = [err14];
}
else {
vErrors.push(err14);
}
errors++;
}
}
}
else {
const err15 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema57.type,parentSchema:schema57,data};
if(vErrors === null){
vErrors = [err15];
}
else {
vErrors.push(err15);
}
errors++;
}
validate56.errors = vErrors;
return errors === 0;
}

const schema66 = {"type":"object","additionalProperties":false,"properties":{"observedGeneration":{"type":"integer"},"pods":{"type":"integer"},"uncovered":{"type":"integer"},"conditions":{"$ref":"#/$defs/Conditions"}}};

function validate69(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
for(const key0 of Object.keys(data)){
if(!((((key0 === "observedGeneration") || (key0 === "pods")) || (key0 === "uncovered")) || (key0 === "conditions"))){
const err0 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties",schema:false,parentSchema:schema66,data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
}
if(data.observedGeneration !== undefined && func0.call(data, "observedGeneration")){
let data0 = data.observedGeneration;
if(!(((typeof data0 == "number") && (!(data0 % 1) && !isNaN(data0))) && (isFinite(data0)))){
const err1 = {instancePath:instancePath+"/observedGeneration",schemaPath:"#/properties/observedGeneration/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema66.properties.observedGeneration.type,parentSchema:schema66.properties.observedGeneration,data:data0};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
}
if(data.pods !== undefined && func0.call(data, "pods")){
let data1 = data.pods;
if(!(((typeof data1 == "number") && (!(data1 % 1) && !isNaN(data1))) && (isFinite(data1)))){
const err2 = {instancePath:instancePath+"/pods",schemaPath:"#/properties/pods/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema66.properties.pods.type,parentSchema:schema66.properties.pods,data:data1};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(data.uncovered !== undefined && func0.call(data, "uncovered")){
let data2 = data.uncovered;
if(!(((typeof data2 == "number") && (!(data2 % 1) && !isNaN(data2))) && (isFinite(data2)))){
const err3 = {instancePath:instancePath+"/uncovered",schemaPath:"#/properties/uncovered/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema66.properties.uncovered.type,parentSchema:schema66.properties.uncovered,data:data2};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
if(data.conditions !== undefined && func0.call(data, "conditions")){
if(!(validate40(data.conditions, {instancePath:instancePath+"/conditions",parentData:data,parentDataProperty:"conditions",rootData}))){
vErrors = vErrors === null ? validate40.errors : vErrors.concat(validate40.errors);
errors = vErrors.length;
}
}
}
else {
const err4 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema66.type,parentSchema:schema66,data};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
validate69.errors = vErrors;
return errors === 0;
}


function validate79(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if((data.apiVersion === undefined) || (!(func0.call(data, "apiVersion")))){
const err0 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "apiVersion"},message:"must have required property '"+"apiVersion"+"'",schema:schema54.required,parentSchema:schema54,data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if((data.kind === undefined) || (!(func0.call(data, "kind")))){
const err1 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "kind"},message:"must have required property '"+"kind"+"'",schema:schema54.required,parentSchema:schema54,data};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if((data.metadata === undefined) || (!(func0.call(data, "metadata")))){
const err2 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "metadata"},message:"must have required property '"+"metadata"+"'",schema:schema54.required,parentSchema:schema54,data};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
if((data.spec === undefined) || (!(func0.call(data, "spec")))){
const err3 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "spec"},message:"must have required property '"+"spec"+"'",schema:schema54.required,parentSchema:schema54,data};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
for(const key0 of Object.keys(data)){
if(!(((((key0 === "apiVersion") || (key0 === "kind")) || (key0 === "metadata")) || (key0 === "spec")) || (key0 === "status"))){
const err4 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties",schema:false,parentSchema:schema54,data};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
if(data.apiVersion !== undefined && func0.call(data, "apiVersion")){
let data0 = data.apiVersion;
if("underpin.dev/v1alpha1" !== data0){
const err5 = {instancePath:instancePath+"/apiVersion",schemaPath:"#/$defs/ApiVersion/const",keyword:"const",params:{allowedValue: "underpin.dev/v1alpha1"},message:"must be equal to constant",schema:"underpin.dev/v1alpha1",parentSchema:schema13,data:data0};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
if(data.kind !== undefined && func0.call(data, "kind")){
let data1 = data.kind;
if("CoveragePolicy" !== data1){
const err6 = {instancePath:instancePath+"/kind",schemaPath:"#/properties/kind/const",keyword:"const",params:{allowedValue: "CoveragePolicy"},message:"must be equal to constant",schema:"CoveragePolicy",parentSchema:schema54.properties.kind,data:data1};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
}
if(data.metadata !== undefined && func0.call(data, "metadata")){
let data2 = data.metadata;
if(data2 && typeof data2 == "object" && !Array.isArray(data2)){
if((data2.name === undefined) || (!(func0.call(data2, "name")))){
const err7 = {instancePath:instancePath+"/metadata",schemaPath:"#/$defs/Metadata/required",keyword:"required",params:{missingProperty: "name"},message:"must have required property '"+"name"+"'",schema:schema14.required,parentSchema:schema14,data:data2};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
for(const key1 of Object.keys(data2)){
if(!(func0.call(schema14.properties, key1))){
const err8 = {instancePath:instancePath+"/metadata",schemaPath:"#/$defs/Metadata/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key1},message:"must NOT have additional properties",schema:false,parentSchema:schema14,data:data2};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
}
if(data2.name !== undefined && func0.call(data2, "name")){
let data3 = data2.name;
if(typeof data3 === "string"){
if(!(formats0.validate(data3))){
const err9 = {instancePath:instancePath+"/metadata/name",schemaPath:"#/$defs/Metadata/properties/name/format",keyword:"format",params:{format: "object-name"},message:"must match format \""+"object-name"+"\"",schema:"object-name",parentSchema:schema14.properties.name,data:data3};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
}
else {
const err10 = {instancePath:instancePath+"/metadata/name",schemaPath:"#/$defs/Metadata/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.name.type,parentSchema:schema14.properties.name,data:data3};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
}
if(data2.namespace !== undefined && func0.call(data2, "namespace")){
let data4 = data2.namespace;
if(typeof data4 === "string"){
if(!(formats2.validate(data4))){
const err11 = {instancePath:instancePath+"/metadata/namespace",schemaPath:"#/$defs/Metadata/properties/namespace/format",keyword:"format",params:{format: "label-name"},message:"must match format \""+"label-name"+"\"",schema:"label-name",parentSchema:schema14.properties.namespace,data:data4};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
}
else {
const err12 = {instancePath:instancePath+"/metadata/namespace",schemaPath:"#/$defs/Metadata/properties/namespace/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.namespace.type,parentSchema:schema14.properties.namespace,data:data4};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
}
if(data2.labels !== undefined && func0.call(data2, "labels")){
let data5 = data2.labels;
if(data5 && typeof data5 == "object" && !Array.isArray(data5)){
for(const key2 of Object.keys(data5)){
let data6 = data5[key2];
if(typeof data6 !== "string"){
const err13 = {instancePath:instancePath+"/metadata/labels/" + key2.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/$defs/Metadata/properties/labels/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.labels.additionalProperties.type,parentSchema:schema14.properties.labels.additionalProperties,data:data6};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
}
}
else {
const err14 = {instancePath:instancePath+"/metadata/labels",schemaPath:"#/$defs/Metadata/properties/labels/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema14.properties.labels.type,parentSchema:schema14.properties.labels,data:data5};
if(vErrors === null){
vErrors = [err14];
}
else {
vErrors.push(err14);
}
errors++;
}
}
if(data2.annotations !== undefined && func0.call(data2, "annotations")){
let data7 = data2.annotations;
if(data7 && typeof data7 == "object" && !Array.isArray(data7)){
for(const key3 of Object.keys(data7)){
let data8 = data7[key3];
if(typeof data8 !== "string"){
const err15 = {instancePath:instancePath+"/metadata/annotations/" + key3.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/$defs/Metadata/properties/annotations/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.annotations.additionalProperties.type,parentSchema:schema14.properties.annotations.additionalProperties,data:data8};
if(vErrors === null){
vErrors = [err15];
}
else {
vErrors.push(err15);
}
errors++;
}
}
}
else {
const err16 = {instancePath:instancePath+"/metadata/annotations",schemaPath:"#/$defs/Metadata/properties/annotations/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema14.properties.annotations.type,parentSchema:schema14.properties.annotations,data:data7};
if(vErrors === null){
vErrors = [err16];
}
else {
vErrors.push(err16);
}
errors++;
}
}
if(data2.generateName !== undefined && func0.call(data2, "generateName")){
let data9 = data2.generateName;
if(typeof data9 !== "string"){
const err17 = {instancePath:instancePath+"/metadata/generateName",schemaPath:"#/$defs/Metadata/properties/generateName/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.generateName.type,parentSchema:schema14.properties.generateName,data:data9};
if(vErrors === null){
vErrors = [err17];
}
else {
vErrors.push(err17);
}
errors++;
}
}
if(data2.uid !== undefined && func0.call(data2, "uid")){
let data10 = data2.uid;
if(typeof data10 !== "string"){
const err18 = {instancePath:instancePath+"/metadata/uid",schemaPath:"#/$defs/Metadata/properties/uid/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.uid.type,parentSchema:schema14.properties.uid,data:data10};
if(vErrors === null){
vErrors = [err18];
}
else {
vErrors.push(err18);
}
errors++;
}
}
if(data2.resourceVersion !== undefined && func0.call(data2, "resourceVersion")){
let data11 = data2.resourceVersion;
if(typeof data11 !== "string"){
const err19 = {instancePath:instancePath+"/metadata/resourceVersion",schemaPath:"#/$defs/Metadata/properties/resourceVersion/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.resourceVersion.type,parentSchema:schema14.properties.resourceVersion,data:data11};
if(vErrors === null){
vErrors = [err19];
}
else {
vErrors.push(err19);
}
errors++;
}
}
if(data2.generation !== undefined && func0.call(data2, "generation")){
let data12 = data2.generation;
if(!(((typeof data12 == "number") && (!(data12 % 1) && !isNaN(data12))) && (isFinite(data12)))){
const err20 = {instancePath:instancePath+"/metadata/generation",schemaPath:"#/$defs/Metadata/properties/generation/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema14.properties.generation.type,parentSchema:schema14.properties.generation,data:data12};
if(vErrors === null){
vErrors = [err20];
}
else {
vErrors.push(err20);
}
errors++;
}
}
if(data2.selfLink !== undefined && func0.call(data2, "selfLink")){
let data13 = data2.selfLink;
if(typeof data13 !== "string"){
const err21 = {instancePath:instancePath+"/metadata/selfLink",schemaPath:"#/$defs/Metadata/properties/selfLink/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.selfLink.type,parentSchema:schema14.properties.selfLink,data:data13};
if(vErrors === null){
vErrors = [err21];
}
else {
vErrors.push(err21);
}
errors++;
}
}
if(data2.creationTimestamp !== undefined && func0.call(data2, "creationTimestamp")){
let data14 = data2.creationTimestamp;
if((typeof data14 !== "string") && (data14 !== null)){
const err22 = {instancePath:instancePath+"/metadata/creationTimestamp",schemaPath:"#/$defs/Metadata/properties/creationTimestamp/type",keyword:"type",params:{type: schema14.properties.creationTimestamp.type},message:"must be string,null",schema:schema14.properties.creationTimestamp.type,parentSchema:schema14.properties.creationTimestamp,data:data14};
if(vErrors === null){
vErrors = [err22];
}
else {
vErrors.push(err22);
}
errors++;
}
}
if(data2.deletionTimestamp !== undefined && func0.call(data2, "deletionTimestamp")){
let data15 = data2.deletionTimestamp;
if(typeof data15 !== "string"){
const err23 = {instancePath:instancePath+"/metadata/deletionTimestamp",schemaPath:"#/$defs/Metadata/properties/deletionTimestamp/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.deletionTimestamp.type,parentSchema:schema14.properties.deletionTimestamp,data:data15};
if(vErrors === null){
vErrors = [err23];
}
else {
vErrors.push(err23);
}
errors++;
}
}
if(data2.deletionGracePeriodSeconds !== undefined && func0.call(data2, "deletionGracePeriodSeconds")){
let data16 = data2.deletionGracePeriodSeconds;
if(!(((typeof data16 == "number") && (!(data16 % 1) && !isNaN(data16))) && (isFinite(data16)))){
const err24 = {instancePath:instancePath+"/metadata/deletionGracePeriodSeconds",schemaPath:"#/$defs/Metadata/properties/deletionGracePeriodSeconds/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema14.properties.deletionGracePeriodSeconds.type,parentSchema:schema14.properties.deletionGracePeriodSeconds,data:data16};
if(vErrors === null){
vErrors = [err24];
}
else {
vErrors.push(err24);
}
errors++;
}
}
if(data2.finalizers !== undefined && func0.call(data2, "finalizers")){
let data17 = data2.finalizers;
if(Array.isArray(data17)){
const len0 = data17.length;
for(let i0=0; i0<len0; i0++){
let data18 = data17[i0];
if(typeof data18 !== "string"){
const err25 = {instancePath:instancePath+"/metadata/finalizers/" + i0,schemaPath:"#/$defs/Metadata/properties/finalizers/items/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.finalizers.items.type,parentSchema:schema14.properties.finalizers.items,data:data18};
if(vErrors === null){
vErrors = [err25];
}
else {
vErrors.push(err25);
}
errors++;
}
}
}
else {
const err26 = {instancePath:instancePath+"/metadata/finalizers",schemaPath:"#/$defs/Metadata/properties/finalizers/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema14.properties.finalizers.type,parentSchema:schema14.properties.finalizers,data:data17};
if(vErrors === null){
vErrors = [err26];
}
else {
vErrors.push(err26);
}
errors++;
}
}
if(data2.ownerReferences !== undefined && func0.call(data2, "ownerReferences")){
let data19 = data2.ownerReferences;
if(Array.isArray(data19)){
const len1 = data19.length;
for(let i1=0; i1<len1; i1++){
let data20 = data19[i1];
if(!(data20 && typeof data20 == "object" && !Array.isArray(data20))){
const err27 = {instancePath:instancePath+"/metadata/ownerReferences/" + i1,schemaPath:"#/$defs/Metadata/properties/ownerReferences/items/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema14.properties.ownerReferences.items.type,parentSchema:schema14.properties.ownerReferences.items,data:data20};
if(vErrors === null){
vErrors = [err27];
}
else {
vErrors.push(err27);
}
errors++;
}
}
}
else {
const err28 = {instancePath:instancePath+"/metadata/ownerReferences",schemaPath:"#/$defs/Metadata/properties/ownerReferences/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema14.properties.ownerReferences.type,parentSchema:schema14.properties.ownerReferences,data:data19};
if(vErrors === null){
vErrors = [err28];
}
else {
vErrors.push(err28);
}
errors++;
}
}
if(data2.managedFields !== undefined && func0.call(data2, "managedFields")){
let data21 = data2.managedFields;
if(Array.isArray(data21)){
const len2 = data21.length;
for(let i2=0; i2<len2; i2++){
let data22 = data21[i2];
if(!(data22 && typeof data22 == "object" && !Array.isArray(data22))){
const err29 = {instancePath:instancePath+"/metadata/managedFields/" + i2,schemaPath:"#/$defs/Metadata/properties/managedFields/items/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema14.properties.managedFields.items.type,parentSchema:schema14.properties.managedFields.items,data:data22};
if(vErrors === null){
vErrors = [err29];
}
else {
vErrors.push(err29);
}
errors++;
}
}
}
else {
const err30 = {instancePath:instancePath+"/metadata/managedFields",schemaPath:"#/$defs/Metadata/properties/managedFields/type",keyword:"type",params:{type: "array"},message:"must be array",schema:schema14.properties.managedFields.type,parentSchema:schema14.properties.managedFields,data:data21};
if(vErrors === null){
vErrors = [err30];
}
else {
vErrors.push(err30);
}
errors++;
}
}
}
else {
const err31 = {instancePath:instancePath+"/metadata",schemaPath:"#/$defs/Metadata/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema14.type,parentSchema:schema14,data:data2};
if(vErrors === null){
vErrors = [err31];
}
else {
vErrors.push(err31);
}
errors++;
}
}
if(data.spec !== undefined && func0.call(data, "spec")){
if(!(validate56(data.spec, {instancePath:instancePath+"/spec",parentData:data,parentDataProperty:"spec",rootData}))){
vErrors = vErrors === null ? validate56.errors : vErrors.concat(validate56.errors);
errors = vErrors.length;
}
}
if(data.status !== undefined && func0.call(data, "status")){
if(!(validate69(data.status, {instancePath:instancePath+"/status",parentData:data,parentDataProperty:"status",rootData}))){
vErrors = vErrors === null ? validate69.errors : vErrors.concat(validate69.errors);
errors = vErrors.length;
}
}
}
else {
const err32 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema54.type,parentSchema:schema54,data};
if(vErrors === null){
vErrors = [err32];
}
else {
vErrors.push(err32);
}
errors++;
}
validate79.errors = vErrors;
return errors === 0;
}
