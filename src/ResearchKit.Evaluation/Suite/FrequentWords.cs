namespace ResearchKit.Evaluation.Suite;

/// <summary>Frequent English words of children's books, for tasks over letters; categories are in <see cref="WordList"/>.</summary>
public static class FrequentWords
{
    /// <summary>Words of 3 to 5 letters, most frequent first.</summary>
    public static IReadOnlyList<string> Short { get; } = Split("""
        the and was that you his her had for with she said him not but all they have were out one them this when from there would which will could
        into very what who their are like your down been about see time man did more came went now know over old some back only good never again can
        than come day upon must much away other where way made any long just after two great got off get how think head too saw last say here such
        asked has shall tell first take took make its eyes found ever put home house once till might told still own hand quite heard cried going our
        while soon right every three give began look let door round these thing place young may left face most room many done even being boy set
        knew find water under girl gave side men life same stood heart want woman far next seen poor world each hands lay mind yet sat felt half
        horse along says help work sure wife voice those gone feet new dear whole end ran both keep bed fell best full days kind wish years fire
        hard few hear sea big son air tree words open light love near rest word child black red name sight leave small hair money among part sun
        grew eat glad gold wood run alone nor large dark ship also ask used lost lady until boys high ready feel times kept taken lived four care
        sent mean happy else tried table sleep talk trees does fast since dog road river held try call girls town bring green live spoke cut story
        turn whale use sort speak rose sir body hope whom foot close fine hold sound mouth able often bad given wind stone true arms least boat laid
        whose stay bit hour wild cold fear blue front tired led top doing read nice met drew show youth cry year ring legs bear five above short
        added eye flew real play earth deep bird comes floor neck sorry fish heads land arm low known ought carry six idea less stand walk none food
        seem threw order dogs wall past tears quiet third shut mine seven book ill need hot easy free hill lying nose ten case heavy wait joy dress
        clear hours rich bread line power box shook grass hung drink ago piece late won hurt hall sweet hole broke stop rock deal soft tail baby
        paper means sit fall meet ears marry warm angry meant safe watch blood giant dream send laugh fair wide snow hat noise doubt glass grown
        iron sky point seems wrong truth pay liked worse miles path birds early makes lie quick fight fresh sharp thick wolf tea magic news alive
        sword below chair week knows usual witch loved teeth forth moon shoes skin catch fact rode blow begin save steps brown shore leg ones pass
        moved cook spite tall cross gate thus drove women party sad slept break lives plain step grow soul woods ear knife bank shot learn tone coat
        dry empty meat tied law smile bade goes books later bound field game loud burst edge awful dare fun state stick ate knees sense ways clean
        lad guess ball born fox cave drive lot start human milk fat flung fly reach spot throw looks touch wise pain fond move pair yard hut fetch
        pale sick worth huge sign fancy sheep walls wore mad visit busy lose proud hid hurry beat eaten lips peace bag royal art crowd buy wings
        rain song luck cause hide maid roof doors plan faces thin deck rooms write harm sides spent age draw music rope train yours sand broad fit
        form brave crept paid twice vain smoke grey beast dance duty sorts sake silly apple drop nurse shape sing beg cast pull cow pity seek ice
        pride seat weeks lamp mile chest ugly camp pot reply wear queer wet bent tower grand nine boats bones bride eight fault lead drawn fixed
        crown sons built board grave clock dust pick boots hare sang cake fifty pink ride shone tiny hen tale begun bell bow sank stuck evil merry
        self rocks smell fruit key worn cloth loose wants sail aside dozen straw view chief woke jolly fool odd wine nest rage cap saved wrote cats
        feast offer cool flat lies silk mark stars rough act egg dull blew dared hunt lake names folks heap storm awake blind size trust war awoke
        noble weary worst wept enter fate sell truly dawn faint roses tight yards crew ended enjoy lower aloud anger note teach wake wash farm meal
        share forty mere corn shake sigh bore bye bare cabin month drank loss bowed lest rise army jump pipe rush vast kiss weak enemy oil scene gun
        hills sack allow mouse slow cub swept trunk cover hoped row snake sold cloud funny guard maybe sadly stole task taste brook pit spare suit
        waves ogre dirty haste rate grief main trail whip takes axe cart ships study fled fro duke fill eager heels lines pray match mud steal blame
        deer pause stiff gets parts ahead spell lit upper midst bite flesh hate hit force space stuff wound chin climb dish hang log post cries eggs
        gay rid shame cab cruel spend torn elder trick older heat lock swung inn club cost drunk honor hopes flame lads mate today arose calm ere
        gods join mice speed stove tore bone blows ease mast page color cup pool price band cows fail gazed raft stern swim turns dried fed pig
        badly chase hated lap named haven knee obey seas signs burn chain paw tales chose waved holes lane prove tear hay barn faced goose nuts pace
        star stir dim leaf lucky gates salt shop beds feed waste worry banks bid fence flash fur class leap race rule waist count minds slip swam
        trap gives habit shell bush ends win ocean swift hast joke lift shirt
        """);

    /// <summary>Words of 6 to 15 letters, most frequent first.</summary>
    public static IReadOnlyList<string> Long { get; } = Split("""
        little before thought himself should through looked nothing things people always mother answered though another seemed without father
        something enough because morning better moment turned herself anything children called looking course beautiful behind replied together
        brought really against myself rather palace daughter pretty almost coming matter indeed between passed wanted window ground returned
        everything saying country believe evening friend suddenly happened others having reached across however afraid around brother towards master
        themselves cannot walked strange followed opened yourself caught sitting perhaps friends standing sister castle stopped garden second
        getting carried became making thinking answer trouble forest minute hardly longer laughed hundred husband remember straight strong
        understand suppose clothes already golden running itself whether either family horses nearly business sometimes school taking feeling lovely
        corner dinner several asleep struck appeared return please length certainly entered wonder talking waiting instead started trying broken
        gentleman silver quickly brothers certain forward flowers middle slowly become manner beside except frightened pleased chance minutes
        different neither inside outside creature surprise person filled reason present within seeing turning fellow village married wished anyone
        bright showed continued splendid letter possible silence exactly kitchen supper exclaimed breath hungry wonderful pleasure twenty promised
        spring ladies covered distance finished living journey pocket change yellow sprang thousand carpet whispered remained instant dressed
        dropped afternoon further shoulder maiden pieces everybody begged nobody follow learned question pulled bottom pleasant company promise
        beginning forget terrible morrow sudden mountain church waited silent changed surprised arrived breakfast crying carefully talked watched
        whatever beyond walking secret dreadful remembered received kingdom sisters easily declared touched forgot leaves quietly everyone laughing
        noticed leaving animals forgotten wicked jumped listened escape basket happen stones anybody ordered stranger following handsome strength
        stream tongue toward although during lifted summer twelve hunting knowing spread windows perfectly holding street softly telling therefore
        placed animal anxious finger expected island places single carriage rolled account houses picked closed immediately watching allowed rushed
        darkness shouted common danger nearer disappeared listen shining remarked wedding imagine servants delighted giving determined precious
        spirit drawing fallen impossible seized flying shoulders smiled comfort interest stairs growing likely proper speech fingers unless sooner
        months servant gently bridge played thoughts creatures clever hidden notice winter direction hurried instantly stable plenty agreed slipped
        delight youngest somehow settled curious hanging stretched eating decided putting desire marriage vanished satisfied especially expect
        helped singing attention shadow afterwards natural courage presence gentlemen picture sighed particular speaking kindly mighty stepped
        worked careful number reckon repeated scarcely throat pointed spoken raised fields gathered orders believed observed understood managed
        purpose discovered nature playing comfortable beneath eldest search happiness offered advice service treasure altogether written finding
        kissed wooden beasts stories despair hastily knocked questions branches spirits entirely terror conversation passage ashamed obliged subject
        fortune seated wandered thanked greatly figure climbed difficult calling grandmother greater stayed soldiers throne whales feelings
        interesting appearance gentle expression foolish keeping bottle bushes taught unhappy thrown couple farther simply carrying opinion choose
        dragon weather bought prepared sleeping wondering effect forehead opening lonely daughters hearts somebody whenever inquired dancing fashion
        somewhere temper buried directly wondered forced manage remain locked miserable ceased pushed wolves eagerly nodded passing smiling voices
        horrible ourselves adventures burning narrow stared falling rising somewhat midnight mounted difference fastened kindness mistress streets
        wishes sounds perfect plainly sounded astonished resolved thirty future surely cheeks command laughter beheld caused meeting object parents
        welcome driven listening merely minister honour dragged hearing success glance invisible letters trembling grateful important reward someone
        tender position pounds chamber dreams experience feathers hastened shaking asking manners quarter explained finally mistake moving yesterday
        monkey danced horror marble thread fighting possibly sunshine driving friendly opposite strike writing battle crossed greatest simple
        anywhere handkerchief happily refused butter circle fairies working character excellent hunger joined lighted needed private satisfaction
        commanded dollars flower occasion office reading weight content delightful difficulty former station appear clouds higher meaning occurred
        failed served excited explain knowledge stupid soldier sorrow everywhere nonsense staring curiosity firmly handed prison respect companion
        generally necessary swiftly thunder considered excitement willing colour condition lightning memory painted bitterly engaged hollow cottage
        breaking escaped leaning machine rubbed smooth astonishment unknown useful charming enjoyed interested magician monster candle daylight
        donkey honest opportunity setting surface thinks anxiously belonged language rolling scattered charge probably sunset valley younger serious
        beating dishes merchant pictures sensible effort loudly approached paused proceeded proved suggested washed closely desert feared moments
        nearest saddle thanks weeping whisper bigger companions driver lessons actually amongst attempt distant horrid leaped matters peculiar
        supposed throwing branch headed interrupted jewels pardon succeeded treated troubled anyway dangerous dreamed health larger bundle collar
        fellows gladly obeyed regular sailed affair bringing burned faster parted riding suffer travel cheerful desired goodness heartily jackal
        leaned particularly public rabbit receive upstairs various waters behold flight patience police sought tunnel faithful fifteen fright
        history stronger farewell pockets leading murmured papers safely steady thrust warning angrily bearing demanded fought moonlight mountains
        sticks naturally otherwise cunning innocent presented seldom sharply suffered teacher ashore drowned fairly farmer hoping rushing invited
        lesson pointing poured prisoner society wishing anyhow complete hearted longed meantime surrounded considerable cousin disappointed entire
        fierce forgive mention missed officers powerful pulling treasures waving brains coloured confess deeply enchanted latter marked movement
        perceived possession shepherd steadily troubles announced bargain intended loving relief string accident advantage bitter cellar eleven
        evidently gazing glanced lights shadows square voyage cheerfully politely consider meadow punishment purple situation usually gratitude
        magnificent pillow diamonds famous lantern lively possessed stopping twilight cutting delicious hiding remarkable screamed showing tomorrow
        wherever according anxiety fetched jacket properly stolen circumstances travelled affairs guessed likewise longing stands assure blowing
        consented dashed engine gravely happens laying leader learning muttered touching completely copper extraordinary pretended prevent puzzled
        result uncomfortable beautifully formed marched rested squire cleared dreadfully affection apples double earnestly market mortal accepted
        clearly consent entrance goblins message adventure agreeable misery partly shelter sleepy spinning thoroughly wandering absence capital
        dresses elephant imagination mirror pressed refuse swimming trembled whistle barrel beloved directions feather fitted flames furniture
        gained heavily hither mischief princes regard robbers bodies harder ladder vessel visible afterward amazement approaching cattle crowded
        fountain guards handle settle assured belong chairs coffin discover parlor peeped recovered remark startled wounded arranged beaten centre
        finest gazelle judged patient uttered attend blessed earnest fancied needle ordinary property solemn tumbled whaling yonder confidence
        conscience darted excuse proposed safety admiration babies brilliant departed hunted polite powder quarrel swallowed drinking guests leather
        returning season slight swallow worthy acquaintance admitted advanced arrival dignity hesitated landed nervous passion thousands useless
        accustomed cooking express familiar seeking struggle subjects thither action building convinced easier furious stroke wisdom accept choice
        conduct height knowed mistaken persons procession silently velvet current dressing elephants jumping kettle wretched chicken deserted scared
        stirred stooped tossed violent delicate dismay favour floating frozen insisted beggar clapped dining gradually inclined plunged proudly
        sobbed wanting chosen examined fishes gardens generous helpless hundreds powers rapidly recognised unable washing wrapped birthday counsel
        courtyard dreaming extremely gracious imagined importance increased louder missing quarters special strangers terribly thoughtfully
        absolutely bedroom crossing desperate gather nursery picking pretend shouting awfully backward breeze confusion dearly destroy downstairs
        fearful flashed packed persuaded roared smaller tonight whence whilst amused ancient disturbed floated letting mysterious mystery poetry
        railway retired searched trotted uneasy bridle calmly curtains glimpse killing chains coffee counted deadly degree disappointment efforts
        grounds misfortune parrot report twisted unusual wheels ceiling countenance helping messenger occupied request rescue sailor sympathy
        consequence contained contented credit enemies example expecting favourite gasped highly justice presents reckoned removed resumed striking
        struggled warned advance bidding cheese custom enormous expressed suffering wealth amusement cupboard curled deeper existence glittering
        offended overcome perched points scream solemnly starting thirsty becoming comforted concerned cracked loaded notion shortly stables wholly
        amazed concerning destroyed distress figures forever growled mentioned native peasant pudding respectable sailors tricks bother cautiously
        fiercely folded hurrying influence praise robber scarce aboard accomplished brightly clasped considering crawled finish nowhere produced
        scarlet snatched underneath abroad alarmed attack awhile boldly darling deserve gloomy grandfather hermit liberty natured officer painful
        regret traces travelling underground wearing address admired catching chariot favorite grieved hearth instance maidens permission prayer
        reasons sentence slippers stuffed tasted wildly addressed cooked delivered dropping genius humble impatient impatiently joyfully naughty
        readily slender snapped stepmother stretch succeed tailor apparently attendants attended breathing comfortably divided foreign greeted
        hearty household pearls previous princesses promptly pursued retorted sorrowful struggling swinging ventured worried audience closet
        courtiers elegant fishing gloves informed minded practice reminded smoking unexpected venture approach behaviour decidedly declare equally
        forgetting hammer largest losing prayers reaching remains remarks
        """);

    private static string[] Split(string words) => words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}
