import { argument, field, type ServiceSink } from './service.ts';

const table = 's3.stored_file';
const s3 = '@aws-sdk/client-s3';
const key = [field('Key')];

/** Object storage: the key, the path or the address of an object chooses whose file it is. */
export const storageSinks: readonly ServiceSink[] = [
  {
    library: s3,
    callee: /^new (?:Get|Head)Object(?:Attributes|Tagging|Acl)?Command$/,
    table,
    operation: 'read',
    chosenBy: key,
  },
  {
    library: s3,
    callee: /^new (?:Put|Restore)Object(?:Tagging|Acl)?Command$/,
    table,
    operation: 'update',
    chosenBy: key,
  },
  {
    library: s3,
    callee: /^new (?:Create|Complete|Abort)MultipartUploadCommand$|^new UploadPart(?:Copy)?Command$/,
    table,
    operation: 'update',
    chosenBy: key,
  },
  { library: s3, callee: /^new DeleteObjectCommand$/, table, operation: 'delete', chosenBy: key },
  {
    library: s3,
    callee: /^new DeleteObjectsCommand$/,
    table,
    operation: 'delete',
    chosenBy: [{ argument: 0, field: 'Delete.Objects.[].Key', column: 'Key' }],
  },
  {
    library: s3,
    callee: /^new CopyObjectCommand$/,
    table,
    operation: 'read',
    chosenBy: [{ argument: 0, field: 'CopySource', column: 'Key' }],
    copies: true,
  },
  {
    library: s3,
    callee: /^new ListObjects(?:V2)?Command$/,
    table,
    operation: 'read',
    chosenBy: [{ argument: 0, field: 'Prefix', column: 'Key' }],
  },
  {
    library: '@aws-sdk/lib-storage',
    callee: /^new Upload$/,
    table,
    operation: 'update',
    chosenBy: [field('params.Key')],
  },
  {
    library: '@aws-sdk/cloudfront-signer',
    callee: /^getSigned(?:Url|Cookies)$/,
    table: 'cloudfront.stored_file',
    operation: 'read',
    chosenBy: [field('url'), field('policy')],
  },
  { library: s3, callee: /^S3\.(?:get|head)Object$/, table, operation: 'read', chosenBy: key },
  { library: s3, callee: /^S3\.putObject$/, table, operation: 'update', chosenBy: key },
  { library: s3, callee: /^S3\.deleteObject$/, table, operation: 'delete', chosenBy: key },
  { library: 'aws-sdk', callee: /S3\.(?:get|head)Object$/, table, operation: 'read', chosenBy: key },
  { library: 'aws-sdk', callee: /S3\.(?:putObject|upload)$/, table, operation: 'update', chosenBy: key },
  { library: 'aws-sdk', callee: /S3\.deleteObject$/, table, operation: 'delete', chosenBy: key },
  {
    library: 'aws-sdk',
    callee: /S3\.getSignedUrl(?:Promise)?$/,
    table,
    operation: 'read',
    chosenBy: [{ argument: 1, field: 'Key', column: 'Key' }],
  },
  {
    library: '@aws-sdk/s3-presigned-post',
    callee: /^createPresignedPost$/,
    table,
    operation: 'update',
    chosenBy: [{ argument: 1, field: 'Key', column: 'Key' }],
  },
  {
    library: '@vercel/blob',
    callee: /^(?:blob\.)?(?:head|download|get)$/,
    table: 'blob.stored_file',
    operation: 'read',
    chosenBy: [argument(0, 'url')],
  },
  {
    library: '@vercel/blob',
    callee: /^(?:blob\.)?copy$/,
    table: 'blob.stored_file',
    operation: 'read',
    chosenBy: [argument(0, 'url')],
    copies: true,
  },
  {
    library: '@vercel/blob',
    callee: /^(?:blob\.)?del$/,
    table: 'blob.stored_file',
    operation: 'delete',
    chosenBy: [argument(0, 'url')],
  },
  {
    library: '@vercel/blob',
    callee: /^(?:blob\.)?list$/,
    table: 'blob.stored_file',
    operation: 'read',
    chosenBy: [field('prefix')],
    answers: 'one',
  },
  {
    library: '@vercel/blob',
    callee: /^(?:blob\.)?put$/,
    table: 'blob.stored_file',
    operation: 'update',
    chosenBy: [argument(0, 'url')],
    onlyWith: { argument: 2, field: 'allowOverwrite' },
  },
  {
    library: '@vercel/blob',
    callee: /^generateClientTokenFromReadWriteToken$/,
    table: 'blob.stored_file',
    operation: 'update',
    chosenBy: [{ argument: 0, field: 'pathname', column: 'url' }],
    onlyWith: { argument: 0, field: 'allowOverwrite' },
  },
  ...['@google-cloud/storage', 'firebase-admin'].map((library): ServiceSink => ({
    library,
    callee: /\.bucket\.file$/,
    table: 'gcs.stored_file',
    operation: 'read',
    chosenBy: [argument(0, 'name')],
  })),
  ...bindings('@opennextjs/cloudflare', 'getCloudflareContext'),
  ...bindings('@cloudflare/next-on-pages', '(?:getRequestContext|getOptionalRequestContext)'),
  ...bindings('cloudflare:workers', ''),
  {
    library: 'minio',
    callee: /\.(?:getObject|statObject|presignedGetObject|presignedUrl|fGetObject)$/,
    table: 'minio.stored_file',
    operation: 'read',
    chosenBy: [argument(1, 'name')],
  },
  {
    library: 'minio',
    callee: /\.(?:putObject|presignedPutObject|fPutObject)$/,
    table: 'minio.stored_file',
    operation: 'update',
    chosenBy: [argument(1, 'name')],
  },
  {
    library: 'minio',
    callee: /\.removeObjects?$/,
    table: 'minio.stored_file',
    operation: 'delete',
    chosenBy: [argument(1, 'name')],
  },
  {
    library: '@azure/storage-blob',
    callee: /\.get(?:Block)?BlobClient$/,
    table: 'azure.stored_file',
    operation: 'read',
    chosenBy: [argument(0, 'name')],
  },
  {
    library: 'uploadthing',
    callee: /UTApi\.(?:getSignedURL|getFileUrls)$/,
    table: 'uploadthing.stored_file',
    operation: 'read',
    chosenBy: [argument(0, 'key')],
  },
  {
    library: 'uploadthing',
    callee: /UTApi\.(?:deleteFiles|renameFiles|updateACL)$/,
    table: 'uploadthing.stored_file',
    operation: 'delete',
    chosenBy: [argument(0, 'key')],
  },
  {
    library: 'cloudinary',
    callee: /uploader\.(?:destroy|rename|explicit)$/,
    table: 'cloudinary.stored_file',
    operation: 'delete',
    chosenBy: [argument(0, 'public_id')],
  },
  {
    library: 'cloudinary',
    callee: /utils\.(?:private_download_url|download_url)$|api\.resource$/,
    table: 'cloudinary.stored_file',
    operation: 'read',
    chosenBy: [argument(0, 'public_id')],
  },
  {
    library: 'cloudinary',
    callee: /utils\.download_(?:zip_url|archive_url|folder)$/,
    table: 'cloudinary.stored_file',
    operation: 'read',
    chosenBy: [argument(0, 'public_id'), { argument: 0, field: 'public_ids.[]', column: 'public_id' }],
  },
  {
    library: 'cloudinary',
    callee: /utils\.(?:api_)?sign_request$/,
    table: 'cloudinary.stored_file',
    operation: 'update',
    chosenBy: [field('public_id')],
  },
  {
    library: 'cloudinary',
    callee: /api\.delete_(?:resources|resources_by_prefix|folder)$/,
    table: 'cloudinary.stored_file',
    operation: 'delete',
    chosenBy: [argument(0, 'public_id')],
  },
];

/**
 * Buckets (R2) and stores (KV) that Cloudflare binds to the app: which of both one is stands outside the code, and what
 * names a value chooses whose it is in either. https://developers.cloudflare.com/r2/api/workers/workers-api-reference/
 */
function bindings(library: string, context: string): readonly ServiceSink[] {
  const binding = `${context === '' ? '^' : `^${context}\\.`}env\\.\\w+\\.`;
  const sink = (methods: string, operation: ServiceSink['operation']): ServiceSink => ({
    library,
    callee: new RegExp(`${binding}(?:${methods})$`),
    table: 'cloudflare.stored_value',
    operation,
    chosenBy: [argument(0, 'key')],
    ...(operation === 'read' ? { answers: 'one' } : {}),
  });
  return [
    sink('get|getWithMetadata|head', 'read'),
    sink('put|createMultipartUpload|resumeMultipartUpload', 'update'),
    sink('delete', 'delete'),
  ];
}
