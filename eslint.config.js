import js from '@eslint/js'
import ts from 'typescript-eslint'

/** One file may import each third-party library, so that it can be replaced in one place. */
const doors = {
  koffi: 'enforcer/src/kernel/libbpf.ts',
  fastify: 'webhook/src/server.ts',
  'node-forge': 'webhook/src/certificates/authority.ts',
  pino: 'runtime/src/log.ts',
  '@kubernetes/client-node': 'runtime/src/cluster.ts',
  '@marcbachmann/cel-js': 'policies/src/expression.ts',
  re2js: 'policies/src/expression.ts',
  yaml: 'policies/src/document.ts',
  ajv: 'scripts/generate-shape.ts',
}
const closed = (except) => ({
  'no-restricted-imports': [
    'error',
    {
      paths: Object.entries(doors)
        .filter(([name]) => !except.includes(name))
        .map(([name, door]) => ({
          name,
          message: `Only ${door} imports ${name}; use what it exports.`,
        })),
    },
  ],
})

export default ts.config(
  { ignores: ['dist/**', 'bpf/**', '**/*.gen.ts', 'node_modules/**', '.cache/**'] },
  js.configs.recommended,
  ...ts.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['*.ts', '*.js'] } },
    },
    rules: {
      ...closed([]),
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    },
  },
  { files: ['**/*.js'], ...ts.configs.disableTypeChecked },
  ...[...new Set(Object.values(doors))].map((file) => ({
    files: [file],
    rules: closed(Object.keys(doors).filter((name) => doors[name] === file)),
  })),
)
