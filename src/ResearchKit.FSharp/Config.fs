namespace ResearchKit.FSharp

open System.Text.Json
open ResearchKit.Core.Configuration

/// The one way to change a configuration: a dotted key and a value, as with --set on the command line.
[<RequireQualifiedAccess>]
module Config =

    /// "key=value" with the value as JSON, the form that every override of the kit has.
    let assignment (key: string) (value: 'V) : string =
        key + "=" + JsonSerializer.Serialize<'V>(value, ConfigJson.Options)

    let internal json<'T> (config: 'T) : string =
        JsonSerializer.Serialize<'T>(config, ConfigJson.Options)

    let internal parse<'T when 'T: not null> (source: string) (assignments: string list) (problems: 'T -> string seq) (json: string) =
        Problems.catch (fun () -> ConfigJson.Parse<'T>(json, source, assignments, problems))

    let internal changed (source: string) (assignments: string list) (problems: 'T -> string seq) (config: 'T) =
        parse source assignments problems (json config)
