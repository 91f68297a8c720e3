using ResearchKit.Core.Random;

namespace ResearchKit.Evaluation.Suite;

/// <summary>A semantic category and its words.</summary>
/// <param name="Name">One word, such as <c>animal</c>; also the answer where a category is asked for.</param>
/// <param name="Phrase">What a member is, such as <c>an animal</c>.</param>
/// <param name="IsHeldOut">True: generated documents never ask for labels over this category, so tasks over it measure generalisation to new categories.</param>
/// <param name="IsNoun">Countable nouns, which may follow <c>a small</c>.</param>
/// <param name="Words">Members, each a single lower-case word that belongs to this category only.</param>
public sealed record WordCategory(string Name, string Phrase, bool IsHeldOut, bool IsNoun, IReadOnlyList<string> Words)
{
    /// <summary>Words that generated documents and training splits may use as inputs.</summary>
    public IReadOnlyList<string> TrainWords { get; } = WordList.Part(Name, Words, SuiteRole.Train);

    /// <summary>Words of validation splits only.</summary>
    public IReadOnlyList<string> ValidationWords { get; } = WordList.Part(Name, Words, SuiteRole.Validation);

    /// <summary>Words of test splits only: about a third.</summary>
    public IReadOnlyList<string> TestWords { get; } = WordList.Part(Name, Words, SuiteRole.Test);

    /// <summary>Words of one role.</summary>
    public IReadOnlyList<string> Of(SuiteRole role) => role switch
    {
        SuiteRole.Train => TrainWords,
        SuiteRole.Validation => ValidationWords,
        _ => TestWords,
    };
}

/// <summary>Common English words in semantic categories, most of them frequent in children's books. The split of the words is part of the suite and never depends on a run's seed.</summary>
public static class WordList
{
    /// <summary>All categories, in a fixed order.</summary>
    public static IReadOnlyList<WordCategory> Categories { get; } =
    [
        Noun("animal", "an animal", """
            cat dog horse cow pig sheep goat lion tiger wolf fox bear rabbit mouse rat deer monkey elephant camel
            donkey kitten puppy lamb hare squirrel badger otter mole hound pony bull ox ape panther
            leopard jackal hyena buffalo beaver hedgehog weasel giraffe zebra kangaroo bat stag mule colt cub
            """),
        Noun("bird", "a bird", """
            hen duck goose eagle hawk owl crow raven swan robin sparrow parrot pigeon dove swallow lark
            nightingale peacock turkey chicken thrush magpie stork crane gull heron falcon cuckoo kite
            canary wren finch blackbird ostrich pelican partridge pheasant vulture rook
            """),
        Noun("fish", "a sea creature", """
            whale shark salmon trout cod herring eel crab lobster oyster seal dolphin squid shrimp turtle
            porpoise mackerel carp pike perch sturgeon haddock mussel clam walrus minnow flounder sardine
            """),
        Noun("insect", "an insect", """
            bee ant fly spider wasp beetle butterfly moth flea gnat mosquito grasshopper cricket worm
            caterpillar bug snail louse dragonfly ladybird hornet centipede locust slug firefly
            """),
        Noun("fruit", "a fruit", """
            apple pear plum peach cherry grape orange lemon fig berry strawberry melon date currant raspberry
            blackberry apricot banana pineapple olive coconut gooseberry lime mango quince cranberry raisin
            """),
        Noun("vegetable", "a vegetable", """
            potato carrot onion cabbage bean turnip radish pumpkin tomato cucumber lettuce celery pea mushroom
            beet garlic spinach parsnip leek cauliflower parsley lentil artichoke
            """),
        Mass("food", "a food", """
            bread butter cheese meat cake pie soup egg honey sugar salt rice porridge pudding jam toast bacon
            ham sausage beef mutton biscuit candy chocolate gravy stew flour pepper mustard sandwich bun
            pancake jelly custard gingerbread sauce pastry loaf broth cream
            """),
        Mass("drink", "a drink", """
            water milk tea coffee wine beer juice lemonade cider rum brandy ale cocoa punch whisky gin grog
            champagne sherry claret mead
            """),
        Mass("colour", "a colour", """
            red blue green yellow black white brown grey pink purple gold silver scarlet crimson violet
            golden rosy ruddy pale snowy azure ivory amber emerald tan indigo
            """),
        Noun("body", "a part of the body", """
            hand head foot eye ear nose mouth arm leg finger toe knee neck shoulder face cheek chin
            tongue tooth lip throat heart brow forehead elbow wrist ankle heel thumb hip beard brain stomach
            bone skull breast skin muscle eyebrow fist lung
            """),
        Noun("clothing", "a thing to wear", """
            hat coat shoe dress shirt boot cap cloak glove stocking apron scarf belt jacket skirt bonnet
            trousers gown shawl robe sock slipper waistcoat hood collar sleeve veil sash mantle petticoat
            frock turban necktie helmet ribbon kilt vest tunic buckle mitten
            """),
        Noun("family", "a person of the family", """
            mother father brother sister son daughter uncle aunt cousin grandmother grandfather husband wife
            child baby parent nephew niece mamma papa grandson granny twin bride widow stepmother infant
            godmother orphan
            """),
        Noun("job", "a person who works", """
            king queen prince soldier sailor doctor teacher farmer cook baker butcher tailor miller hunter
            shepherd carpenter captain servant merchant priest lawyer painter gardener shoemaker nurse
            fisherman blacksmith clerk judge engineer pilot driver porter musician barber weaver mason
            woodcutter coachman housekeeper governess policeman postman minister poet
            """),
        Noun("building", "a building", """
            house castle palace church school barn cottage hut tower inn shop stable mill cabin prison hotel
            temple hospital station farmhouse tavern mansion chapel cathedral library theatre warehouse
            shed shanty fort market bank dairy lodge museum monastery
            """),
        Noun("furniture", "a piece of furniture", """
            chair table bed bench sofa desk stool cupboard shelf couch cradle mirror lamp carpet wardrobe
            dresser drawer bookcase armchair curtain sideboard mattress rug stove throne cabinet bureau
            hammock pillow
            """),
        Noun("kitchen", "a thing in the kitchen", """
            cup plate spoon fork knife pot kettle pan bowl dish glass bottle jug saucer basin oven tray mug
            pitcher ladle goblet teapot jar saucepan barrel tub pail basket
            """),
        Noun("place", "a place outdoors", """
            hill mountain river lake valley forest field meadow island desert beach cliff cave shore stream
            pond brook marsh plain canyon rock waterfall bay ocean sea swamp wood pasture prairie jungle
            moor heath volcano glacier
            """),
        Mass("motion", "a way to move", """
            run walk jump hop skip crawl climb swim ride march dance gallop trot creep leap wander hurry
            rush dash slide slip stroll tumble stagger race limp crouch scramble glide dart roam
            """),
        Mass("speech", "a way to speak", """
            say tell ask shout whisper cry call speak answer reply murmur scream mutter sing exclaim declare
            mention explain inquire remark beg groan roar grumble chatter yell announce argue promise
            """),
        Mass("number", "a number", """
            one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
            seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred
            thousand million
            """),
        Mass("good", "a good word", """
            wonderful lovely beautiful delightful splendid charming pleasant nice excellent happy glad
            cheerful merry jolly kind gentle sweet good perfect fine pretty brave clever wise joyful noble
            delicious graceful glorious friendly honest merciful lucky grand comfortable magnificent
            faithful generous bright superb great handsome proud
            """),
        Mass("bad", "a bad word", """
            awful dreadful horrible terrible ugly nasty bad sad wicked cruel angry evil foul rotten stupid
            miserable unhappy gloomy dismal wretched hateful dirty sick mean vile cross frightful selfish
            poisonous disgusting shameful lazy bitter hideous horrid naughty mournful greedy
            dishonest unkind lonely poor
            """),
        Held("vehicle", "a thing to travel in", true, """
            ship boat train carriage cart wagon coach car canoe raft sledge balloon bicycle sleigh steamer
            ferry engine barge yacht chariot cab van bus truck schooner frigate airship barrow gondola
            """),
        Held("tool", "a tool", true, """
            hammer saw axe spade rake hoe needle scissors shovel ladder rope pin chisel file plough broom
            brush hook anvil drill wrench screw chain bucket pitchfork crowbar scythe sickle hatchet pincers
            """),
        Held("weather", "a kind of weather", false, """
            rain snow wind storm cloud fog frost hail thunder lightning mist sunshine breeze gale hurricane
            ice heat shower blizzard drizzle cold tempest whirlwind dew sleet
            """),
        Held("plant", "a plant", true, """
            oak pine rose lily daisy fir elm willow birch ash maple ivy fern moss grass clover tulip thistle
            daffodil poppy bush cedar beech holly nettle reed weed primrose buttercup palm hazel sunflower
            bluebell heather yew
            """),
        Held("music", "a thing to make music with", true, """
            drum flute violin piano fiddle trumpet bell harp horn pipe guitar organ whistle banjo bugle lute
            bagpipe trombone gong clarinet cymbal tambourine
            """),
    ];

    /// <summary>Categories that generated documents ask for.</summary>
    public static IReadOnlyList<WordCategory> PretrainingCategories { get; } = [.. Categories.Where(c => !c.IsHeldOut)];

    /// <summary>Countable nouns with a plural, of the categories that are not held out, by role.</summary>
    public static IReadOnlyList<string> Nouns(SuiteRole role) => role switch
    {
        SuiteRole.Train => TrainNouns,
        SuiteRole.Validation => ValidationNouns,
        _ => TestNouns,
    };

    /// <summary>Adjectives that stand before a noun without telling its category.</summary>
    public static IReadOnlyList<string> Modifiers { get; } =
    [
        "small", "big", "old", "new", "young", "little", "large", "tall", "long", "short", "strange", "famous", "broken",
        "hidden", "lost", "quiet", "funny", "tiny", "heavy", "thin", "round", "wet", "soft", "real", "common", "wild",
    ];

    /// <summary>Persons' names of templates.</summary>
    public static IReadOnlyList<string> Names { get; } =
        ["Tom", "Anne", "Jim", "Alice", "Peter", "Mary", "John", "Jack", "Jane", "Ben", "Sam", "Dorothy", "Will", "Kate", "Bill", "Rose"];

    /// <summary>The category of that name.</summary>
    /// <exception cref="ArgumentException">No such category.</exception>
    public static WordCategory Category(string name) =>
        Categories.FirstOrDefault(c => c.Name == name) ?? throw new ArgumentException($"no category '{name}'; the categories are {string.Join(", ", Categories.Select(c => c.Name))}", nameof(name));

    private static readonly string[] TrainNouns = NounsOf(SuiteRole.Train);
    private static readonly string[] ValidationNouns = NounsOf(SuiteRole.Validation);
    private static readonly string[] TestNouns = NounsOf(SuiteRole.Test);

    private static string[] NounsOf(SuiteRole role) => [.. PretrainingCategories.Where(c => c.IsNoun).SelectMany(c => c.Of(role)).Where(EnglishNouns.HasPlural)];

    /// <summary>Stratified: a third of every category for test, a tenth for validation, so that no category runs dry.</summary>
    internal static IReadOnlyList<string> Part(string category, IReadOnlyList<string> words, SuiteRole role)
    {
        var order = words.ToArray();
        new CounterRandom(SuiteSplit.Seed, "suite/words/" + category).Shuffle(order.AsSpan());
        var test = (order.Length + 1) / 3;
        var validation = (order.Length + 5) / 10;
        return role switch
        {
            SuiteRole.Test => order[..test],
            SuiteRole.Validation => order[test..(test + validation)],
            _ => order[(test + validation)..],
        };
    }

    private static WordCategory Noun(string name, string phrase, string words) => new(name, phrase, IsHeldOut: false, IsNoun: true, Split(words));

    private static WordCategory Mass(string name, string phrase, string words) => new(name, phrase, IsHeldOut: false, IsNoun: false, Split(words));

    private static WordCategory Held(string name, string phrase, bool isNoun, string words) => new(name, phrase, IsHeldOut: true, isNoun, Split(words));

    private static string[] Split(string words) => words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}
