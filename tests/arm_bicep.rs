//! Spans of a template that Bicep built have their place in the source: declarations, properties, modules, loops.

use baalint::frontend::MemoryFiles;
use baalint::frontend::arm::{Options, Templates};
use baalint::source::{SourceMap, Span};

const MAIN: &str = "param name string
@description('x')
param tls string = 'TLS1_0'

var settings = {
  audit: false
}

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = if (settings.audit) {
  name: name
  properties: {
    minimumTlsVersion: tls
    networkAcls: union({ defaultAction: 'Allow' }, settings)
    encryption: settings.audit
      ? { keySource: 'Microsoft.Keyvault' }
      : { keySource: 'Microsoft.Storage' }
  }
  resource blobs 'blobServices' = {
    name: 'default'
    properties: { isVersioningEnabled: false }
  }
}

module stores './modules/store.bicep' = [for i in range(0, 2): {
  name: 'store-${i}'
  params: { open: true }
}]
";

const STORE: &str = "param open bool
resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: 'kv'
  properties: { enablePurgeProtection: open }
}
";

const TEMPLATE: &str = r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "languageVersion": "2.0",
  "metadata": { "_generator": { "name": "bicep", "version": "0.30", "templateHash": "1" } },
  "parameters": { "name": { "type": "string" }, "tls": { "type": "string", "defaultValue": "TLS1_0" } },
  "variables": { "settings": { "audit": false } },
  "resources": {
    "account::blobs": {
      "type": "Microsoft.Storage/storageAccounts/blobServices", "apiVersion": "2023-05-01",
      "name": "[format('{0}/{1}', parameters('name'), 'default')]",
      "properties": { "isVersioningEnabled": false }
    },
    "account": {
      "condition": "[variables('settings').audit]",
      "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-05-01",
      "name": "[parameters('name')]",
      "properties": {
        "minimumTlsVersion": "[parameters('tls')]",
        "networkAcls": "[union(createObject('defaultAction', 'Allow'), variables('settings'))]",
        "encryption": "[if(variables('settings').audit, createObject('keySource', 'Microsoft.Keyvault'), createObject('keySource', 'Microsoft.Storage'))]"
      }
    },
    "stores": {
      "copy": { "name": "stores", "count": "[length(range(0, 2))]" },
      "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01",
      "name": "[format('store-{0}', range(0, 2)[copyIndex()])]",
      "properties": {
        "expressionEvaluationOptions": { "scope": "inner" }, "mode": "Incremental",
        "parameters": { "open": { "value": true } },
        "template": {
          "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
          "contentVersion": "1.0.0.0",
          "parameters": { "open": { "type": "bool" } },
          "resources": [
            { "type": "Microsoft.KeyVault/vaults", "apiVersion": "2023-07-01", "name": "kv",
              "properties": { "enablePurgeProtection": "[parameters('open')]" } }
          ]
        }
      }
    }
  }
}"#;

/// The text in the sources at the place of a text in the template, and what is told about the sources.
fn places(texts: &[&str], main: &str) -> (Vec<String>, Vec<String>) {
    let mut files = MemoryFiles::default();
    files.insert("main.bicep", main);
    files.insert("modules/store.bicep", STORE);
    let mut sources = SourceMap::default();
    let id = sources.add("main.json", "main.json", TEMPLATE);
    let scanned = sources.files().to_vec();
    let (templates, _) = Templates::load(&scanned, &files, &mut sources, &Options::default());
    let span = |text: &&str| {
        let at = u32::try_from(TEMPLATE.find(*text).expect("a text of the template")).expect("short");
        Span::new(id, at, at + u32::try_from(text.len()).expect("short"))
    };
    let spans: Vec<Span> = texts.iter().map(span).collect();
    let (places, told) = templates.bicep_places(spans.iter().copied(), &files, &mut sources);
    let shown = |span: &Span| places.get(span).map_or("nowhere".to_owned(), |it| sources.slice(*it).to_owned());
    (spans.iter().map(shown).collect(), told.into_iter().map(|it| it.message).collect())
}

#[test]
fn every_part_of_a_template_has_its_place_in_the_source() {
    let cases = [
        (r#""minimumTlsVersion": "[parameters('tls')]""#, "minimumTlsVersion: tls"),
        (r#""defaultValue": "TLS1_0""#, "param tls string = 'TLS1_0'"),
        (r#""audit": false"#, "audit: false"),
        ("[variables('settings').audit]", "(settings.audit)"),
        (
            r#""type": "Microsoft.Storage/storageAccounts","#,
            "resource account 'Microsoft.Storage/storageAccounts@2023-05-01'",
        ),
        ("'Allow'", "defaultAction: 'Allow'"),
        ("'Microsoft.Keyvault'", "keySource: 'Microsoft.Keyvault'"),
        ("'Microsoft.Storage'", "keySource: 'Microsoft.Storage'"),
        (r#""isVersioningEnabled": false"#, "isVersioningEnabled: false"),
        (r#""open": { "value": true }"#, "open: true"),
        (r#""enablePurgeProtection": "[parameters('open')]""#, "enablePurgeProtection: open"),
        (r#""type": "Microsoft.KeyVault/vaults","#, "resource vault 'Microsoft.KeyVault/vaults@2023-07-01'"),
        (r#""contentVersion": "1.0.0.0""#, "nowhere"),
    ];
    let (found, told) = places(&cases.map(|(text, _)| text), MAIN);
    assert_eq!(found, cases.map(|(_, place)| place));
    assert_eq!(told, [""; 0]);
}

#[test]
fn a_source_that_has_changed_is_told() {
    let newer = MAIN.replace("param name string", "param title string");
    let (_, told) = places(&["TLS1_0"], &newer);
    assert_eq!(told, ["this template was not built from `main.bicep` as it is now: `name` is not declared there"]);
}
