# Pages with a dialog on them, as files of rows of blue, green, red and an unused byte. Put after baseline.py and pages.py
# by looks.rs. sys.argv: the text of the pages.

import random


def _mixed(text, number):
    """Each line of the text four times, with its words in an order that no other line of any page has."""
    mixed = []
    for at, line in enumerate(text.splitlines()):
        if not line or line.startswith("#"):
            mixed.append(line)
            continue
        for copy in range(4):
            words = line.split()
            random.Random(1000 * number + 4 * at + copy).shuffle(words)
            mixed.append(" ".join([f"{number}.{at}{copy}", *words]))
    return "\n".join(mixed)


def _dialog(picture, text, x, y, width, height, number):
    draw = ImageDraw.Draw(picture)
    font = _font("sans", 15)
    draw.rectangle((x, y, x + width - 1, y + height - 1), fill=(246, 246, 248), outline=(120, 120, 128))
    prose = _parts(text, "held")["prose"]
    words = prose[number % len(prose)]
    lines = [*list(_wrapped(words, font, width - 64))[:3], f"Error {4100 + 7 * number}: the file could not be saved."]
    for at, line in enumerate(lines):
        draw.text((x + 32, y + 24 + 26 * at), line, font=font, fill=(32, 33, 36))
    draw.text((x + width - 180, y + height - 40), "Cancel", font=font, fill=(32, 33, 36))
    draw.text((x + width - 100, y + height - 40), "Try again", font=font, fill=(32, 33, 36))


def answer(number, width, height, dialog, path):
    text = _mixed(sys.argv[1], number)
    picture, said = page(text, "held", "sans", 16 - number % 2, "light", width, height, 2, False)
    _dialog(picture, text, *dialog, number)
    with open(path, "wb") as file:
        file.write(picture.convert("RGBA").tobytes("raw", "BGRA"))
    return {"lines": len(said)}


serve(answer, program="")
