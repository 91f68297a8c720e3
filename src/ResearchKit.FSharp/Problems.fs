namespace ResearchKit.FSharp

open System
open ResearchKit.Core

/// Expected failures are lists of sentences, each with what, where, the value and what is allowed.
[<RequireQualifiedAccess>]
module Problems =

    /// Runs a kit operation; a mistake that a person can mend becomes an Error with all its problems, anything else goes on as an exception.
    let catch (operation: unit -> 'T) : Result<'T, string list> =
        try
            Ok(operation ())
        with :? ConfigException as error ->
            Error(List.ofSeq error.Problems)

    /// As catch, for operations of the model, which report wrong ids and lengths as arguments.
    let internal catchArguments (operation: unit -> 'T) : Result<'T, string list> =
        try
            catch operation
        with :? ArgumentException as error ->
            match error.ParamName with
            | null -> Error [ error.Message ]
            | name -> Error [ error.Message.Replace($" (Parameter '{name}')", "") ]

    /// The value, or an exception that lists the problems: for scripts and notebooks, where the next line needs it.
    let orFail (result: Result<'T, string list>) : 'T =
        match result with
        | Ok value -> value
        | Error problems -> raise (ConfigException("stopped", problems))

/// For scripts and notebooks.
[<AutoOpen>]
module Prelude =

    /// The value, or an exception that lists the problems; Problems.orFail without its module.
    let orFail (result: Result<'T, string list>) : 'T = Problems.orFail result
