// Written by blueprinter: a thin wrapper of definitions.json, which holds everything.
targetScope = 'managementGroup'

module definitions 'definitions.json' = {
  name: 'prod-definitions-json'
  params: {
  }
}
