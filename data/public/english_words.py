"""Common English words, for a network to learn as words that are not its own."""

from __future__ import annotations

_WORDS = """
able about above across act add afraid after again against age ago agree air all allow alone along already also always
among and anger animal answer any apple april area arm army around arrive art ask at aunt autumn away baby back bad
bag ball bank basket bath be beach bean bear beat beautiful because become bed before begin behind believe bell below
best better between big bird birthday bit black blanket blood blow blue board boat body bone book border born borrow
both bottle bottom box boy branch bread break breakfast bridge bright bring broken brother brown brush bucket build
burn bus busy but butter button buy by call camera can candle car card care carry case castle cat catch cause ceiling
centre certain chair chance change cheap cheese chicken child choose church circle city class clean clear clever climb
clock close cloth cloud coat coffee cold colour come common computer cook cool copper corner cost cotton could count
country course cousin cover cow crash cross crowd cry cup cupboard curtain cut dance danger dark daughter day dead
dear december decide deep desk die different dinner dirty dish do doctor dog door double doubt draw dream dress drink
drive drop dry during dust each ear early earth east easy eat edge egg eight either elbow electric elephant eleven
empty end engine enjoy enough evening ever every except eye face fact fair fall false family famous fan far farm fast
father feather february feel few field fifteen fifty fight fill film find fine finger finish fire first fish five flag
flat floor flour flower fly follow food foot football for forest forget fork form forty forward four fourteen free
friday friend from front fruit full fun funny game garage garden gate get gift girl give glad glass glove goat gold
good goodbye grandmother grass great green grey ground group grow guess guitar hair half hall hammer hand happen happy
hard hat hate have head healthy hear heart heat heavy hello help her here hide high hill him history hit hobby hold
hole holiday home honey hope horse hospital hot hotel hour house how hundred hungry hurry husband ice idea if
important in inside interest iron island jacket january job join juice july jump june just keep kettle key kind king
kitchen knee knife knock know ladder lady lake lamp land language large last late laugh law lead leaf learn leather
leave leg lemon lesson let letter library lie life light like line lion lip list listen little live lock long look
lose lot loud love low lucky lunch machine make man many map march mark market marry may maybe meal mean measure meat
medicine meet melon member memory message metal middle milk million mind minute mirror miss mistake modern monday
money monkey month moon more morning mother mountain mouse mouth move much music must nail name narrow nature near
neck need needle neighbour never new news next nice night nine no noise none north nose not note nothing november now
number nurse ocean october of offer office often oil old once one onion only open or orange order other our oven over
own page paint pair paper parent park part party pass past path patient pause pay peace pen pencil people pepper
perfect person phone photo piano picture piece pillow pin pink place plane plant plastic plate play please plenty
pocket point police pool poor possible potato pound power press pretty price prison prize problem promise pull pump
purple push put queen question quick quiet quite rabbit radio rain raise read ready real reason red remember rest
return rice rich ride ring river road rock roof room rope rose rough round rubber rule run sad safe sail salad salt
same sand sandwich saturday save say school science scissors sea season seat second secret see seed sell send
september serve seven several shade shake shape share sharp she sheep sheet shelf shine ship shirt shoe shop short
should shoulder shout show shower shut sick side sign silver simple since sing sister sit six sixteen size skin skirt
sky sleep slow small smell smile smoke smooth snake snow so soap sock soft some son song soon sorry sound soup south
space speak special speed spell spend spoon sport spring square stable stair stamp stand star start station stay steal
step stick still stomach stone store storm story strange street strong student sudden sugar summer sun sunday sure
surprise sweet swim table tail take talk tall taste taxi tea teach team tear teeth television tell ten tennis test
thank that the then there these they thick thief thin thing think third thirsty thirteen thirty this those thousand
three throat through throw thumb thursday ticket tie tiger time timer tired to toast today toe together toilet tomato
tomorrow tongue tonight too tool top total touch towards towel town toy train travel tree triangle trouble true
trumpet trust try tuesday turn twelve twenty twice two ugly umbrella uncle under understand until upon use usual
valley vegetable very village visit voice volume wait wake walk wall want war warm wash watch water wave way we weak
wear weather wednesday week weight welcome well west wet what wheel when where which while white who whole why wide
wife wild win wind window wine winter wire wish with woman wonder wood wool word work world worry would write wrong
yard year yellow yes yesterday yet you young zebra zero zoo
"""

COMMON_WORDS: tuple[str, ...] = tuple(_WORDS.split())
"""Some nine hundred, from function words to things in a house, chosen by hand for their many different sounds."""
