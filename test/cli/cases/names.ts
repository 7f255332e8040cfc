import type { CaseArea } from '../cliCase.ts';

export const nameCases: CaseArea = {
  area: 'names and ids',
  cases: [
    { docker: 'a name of two words is made up', sh: `id=$(container create $IMAGE); container ls -a | grep $(echo $id | cut -c1-12) | awk '{ print $NF }'; container rm $id >/dev/null`, out: /^[a-z]+[-_][a-z]+\d*\n$/ },
    { docker: 'a name that is taken is refused', sh: `container run --name $BOX $IMAGE true`, error: /box.*taken/, status: 125 },
    { docker: 'also by a container that has ended', sh: `container create --name $ENDED $IMAGE`, error: /ended.*taken/, status: 1 },
    { docker: 'a name is free again after rm', sh: `container create --name $N $IMAGE >/dev/null; container rm $N >/dev/null; container create --name $N $IMAGE | wc -c`, out: '65\n' },
    { docker: 'letters, digits, "_", "." and "-" make a name', sh: `container create --name $N.a_b-C $IMAGE >/dev/null; container rm $N.a_b-C`, out: /a_b-C\n$/ },
    { docker: 'a name with anything else is refused', sh: `for n in 'a b' a/b -a _a ä; do container create --name "$n" $IMAGE; echo $?; done 2>/dev/null`, out: '1\n1\n1\n1\n1\n' },
    { docker: 'a name wins over the beginning of an id', sh: `id=$(container create --name $N $IMAGE); short=$(echo $id | cut -c1-6); container create --name $short $IMAGE > other; container inspect $short | grep -c $(cat other); container rm $short >/dev/null`, out: '1\n' },
    { docker: 'the beginning of an id that several share is refused', sh: `for i in $(seq 17); do container create $IMAGE; done > ids; for d in 0 1 2 3 4 5 6 7 8 9 a b c d e f; do if [ $(grep -c "^$d" ids) -gt 1 ]; then container inspect $d; break; fi; done; xargs container rm < ids >/dev/null`, out: '[]\n', error: /Several containers/ },
  ],
};
