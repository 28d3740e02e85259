"""Numbers of invented people: right in form and control sum, yet never issued to anybody.

Insurance numbers (SNILS) start with 97 or 98, far above the numbers issued so far and above 001-001-998, from which
on the control sum is defined. Policy numbers (ENP) start with the region code 00, which does not exist. Telephone
numbers use the code 555, which the national numbering plan leaves unused.
"""

from typing import Final

_SCRAMBLE: Final = 6_364_136_223_846_793  # coprime with ten, so different indexes give different numbers
_OFFSET: Final = 1_234_567


def _scrambled(index: int, digits: int) -> str:
    return f"{(index * _SCRAMBLE + _OFFSET) % 10**digits:0{digits}d}"


def snils_control(number: str) -> str:
    """Return the two control digits for the nine digits of a SNILS."""
    total = sum(weight * int(digit) for weight, digit in zip(range(9, 0, -1), number, strict=True))
    return f"{total % 101 % 100:02d}"


def enp_control(number: str) -> str:
    """Return the control digit for the first fifteen digits of an ENP (the same as Luhn over sixteen digits)."""
    doubled = str(2 * int(number[::-2]))
    total = sum(map(int, number[-2::-2])) + sum(map(int, doubled))
    return str(-total % 10)


def patient_snils(index: int) -> str:
    """Return the SNILS, eleven digits, of the patient with this index."""
    number = "98" + _scrambled(index, 7)
    return number + snils_control(number)


def doctor_snils(index: int) -> str:
    """Return the SNILS, eleven digits, of the doctor with this index."""
    number = "97" + _scrambled(index, 7)
    return number + snils_control(number)


def patient_enp(index: int) -> str:
    """Return the unified policy number, sixteen digits, of the patient with this index."""
    number = "00" + _scrambled(index, 13)
    return number + enp_control(number)


def phone(block: int, index: int) -> str:
    """Return a telephone number in the international form; blocks (0 to 9) keep kinds of owners apart."""
    return f"+7555{block}{_scrambled(index, 6)}"
