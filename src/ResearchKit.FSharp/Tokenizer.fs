namespace ResearchKit.FSharp

open System
open ResearchKit.Core.Tokenization

/// Text to token ids and back.
[<RequireQualifiedAccess>]
module Tokenizer =

    /// A tokenizer by name (gpt2) or folder.
    let load (nameOrFolder: string) : Result<ITokenizer, string list> =
        Problems.catch (fun () -> TokenizerFolder.Load nameOrFolder)

    /// A byte-level BPE in GPT-2's format, learned from texts; the size counts 256 bytes, merges and end-of-text.
    let train (vocabularySize: int) (texts: string seq) : Result<ITokenizer, string list> =
        Problems.catch (fun () -> BytePairTrainer.Train(texts, vocabularySize))

    /// One id per character that the texts contain, and end-of-text.
    let characters (texts: string seq) : ITokenizer = CharacterTokenizer texts

    /// Saves the tokenizer so that load of the folder gives the same ids.
    let save (folder: string) (tokenizer: ITokenizer) : Result<unit, string list> =
        Problems.catch (fun () -> TokenizerFolder.Save(tokenizer, folder))

    /// Ids of plain text.
    let encode (text: string) (tokenizer: ITokenizer) : int[] = tokenizer.Encode text

    /// Text of ids; invalid UTF-8 becomes U+FFFD.
    let decode (ids: int[]) (tokenizer: ITokenizer) : string = tokenizer.Decode(ReadOnlySpan ids)

    /// Ids with the piece of the text that each came from.
    let pieces (text: string) (tokenizer: ITokenizer) : (int * string) list =
        [ for span in tokenizer.EncodeWithSpans text -> span.Id, text.Substring(span.Start, span.Length) ]
