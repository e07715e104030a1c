// Written by blueprinter: a thin wrapper of assignment.json, which holds everything.
targetScope = 'subscription'

var given = loadJsonContent('assignment.parameters.json').parameters

module assignment 'assignment.json' = {
  name: 'prod-json'
  params: {
    'prefix': given['prefix'].value
    'owners-of-it': given['owners-of-it'].value
  }
}
